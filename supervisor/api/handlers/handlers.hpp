// One function for each operation of the route table. A handler reads the request, calls one service, answers.
#pragma once

#include "api/call.hpp"

namespace vectis::api::handlers {

using Handler = Response (*)(Call&);

/// The handler of an operation. Every operation has one.
[[nodiscard]] Handler handler_of(surface::Operation operation);

Response health(Call& call);
Response version(Call& call);
Response openapi(Call& call);
Response docs(Call& call);

Response login(Call& call);
Response me(Call& call);
Response logout(Call& call);
Response logout_all(Call& call);
Response sessions_list(Call& call);
Response sessions_delete(Call& call);
Response own_password(Call& call);
Response totp_setup(Call& call);
Response totp_verify(Call& call);
Response totp_remove(Call& call);

Response admins_list(Call& call);
Response admins_create(Call& call);
Response admins_get(Call& call);
Response admins_update(Call& call);
Response admins_delete(Call& call);
Response admins_reset_password(Call& call);
Response admins_announce(Call& call);
Response admins_setup_totp(Call& call);
Response admins_verify_totp(Call& call);
Response admins_remove_totp(Call& call);

Response api_keys_list(Call& call);
Response api_keys_create(Call& call);
Response api_keys_get(Call& call);
Response api_keys_update(Call& call);
Response api_keys_delete(Call& call);
Response api_keys_rotate(Call& call);

Response domains_list(Call& call);
Response domains_create(Call& call);
Response domains_get(Call& call);
Response domains_update(Call& call);
Response domains_delete(Call& call);
Response domains_dns(Call& call);
Response domains_verify(Call& call);
Response domains_dkim(Call& call);
Response domains_dkim_rotate(Call& call);
Response domains_dkim_import(Call& call);
Response domains_dkim_activate(Call& call);
Response domains_dkim_delete(Call& call);
Response mailboxes_list(Call& call);
Response mailboxes_create(Call& call);
Response mailboxes_get(Call& call);
Response mailboxes_update(Call& call);
Response mailboxes_delete(Call& call);
Response mailboxes_suspend(Call& call);
Response mailboxes_resume(Call& call);
Response mailboxes_use(Call& call);
Response sieve_list(Call& call);
Response sieve_get(Call& call);
Response sieve_put(Call& call);
Response sieve_activate(Call& call);
Response sieve_deactivate(Call& call);
Response sieve_delete(Call& call);
Response app_passwords_list(Call& call);
Response app_passwords_create(Call& call);
Response app_passwords_delete(Call& call);
Response aliases_list(Call& call);
Response aliases_create(Call& call);
Response aliases_get(Call& call);
Response aliases_update(Call& call);
Response aliases_delete(Call& call);
Response import_accounts(Call& call);

Response send(Call& call);
Response send_batch(Call& call);
Response send_raw(Call& call);
Response analytics_get(Call& call);
Response analytics_export(Call& call);
Response messages_list(Call& call);
Response messages_get(Call& call);
Response messages_events(Call& call);
Response messages_cancel(Call& call);
Response suppressions_list(Call& call);
Response suppressions_get(Call& call);
Response suppressions_create(Call& call);
Response suppressions_import(Call& call);
Response suppressions_delete(Call& call);
Response holds_list(Call& call);
Response holds_create(Call& call);
Response holds_get(Call& call);
Response holds_release(Call& call);
Response holds_discard(Call& call);
Response templates_list(Call& call);
Response templates_get(Call& call);
Response templates_create(Call& call);
Response templates_update(Call& call);
Response templates_delete(Call& call);
Response templates_render(Call& call);
Response webhooks_list(Call& call);
Response webhooks_create(Call& call);
Response webhooks_get(Call& call);
Response webhooks_update(Call& call);
Response webhooks_delete(Call& call);
Response webhooks_rotate_secret(Call& call);
Response webhooks_test(Call& call);
Response webhooks_replay(Call& call);
Response webhooks_deliveries(Call& call);
Response webhook_deliveries_get(Call& call);
Response webhook_deliveries_replay(Call& call);
Response inbound_routes_list(Call& call);
Response inbound_routes_create(Call& call);
Response inbound_routes_get(Call& call);
Response inbound_routes_update(Call& call);
Response inbound_routes_delete(Call& call);
Response inbound_list(Call& call);
Response inbound_get(Call& call);
Response inbound_raw(Call& call);
Response inbound_attachment(Call& call);
Response inbound_replay(Call& call);

Response config_get(Call& call);
Response config_validate(Call& call);
Response config_plan(Call& call);
Response config_apply(Call& call);
Response generations_list(Call& call);
Response generations_rollback(Call& call);
Response operations_list(Call& call);
Response operations_get(Call& call);
Response services_list(Call& call);
Response services_restart(Call& call);
Response logs_list(Call& call);
Response metrics_get(Call& call);
Response probes_get(Call& call);
Response probes_run(Call& call);
Response queue_list(Call& call);
Response queue_flush(Call& call);
Response queue_hold(Call& call);
Response queue_release(Call& call);
Response queue_delete(Call& call);
Response audit_list(Call& call);
Response audit_export(Call& call);
Response audit_verify(Call& call);

} // namespace vectis::api::handlers
