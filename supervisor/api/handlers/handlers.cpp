#include "api/handlers/handlers.hpp"

namespace vectis::api::handlers {

Handler handler_of(surface::Operation operation) {
    using surface::Operation;
    switch (operation) {
    case Operation::health:
        return health;
    case Operation::version:
        return version;
    case Operation::openapi:
        return openapi;
    case Operation::docs:
        return docs;
    case Operation::login:
        return login;
    case Operation::me:
        return me;
    case Operation::logout:
        return logout;
    case Operation::logout_all:
        return logout_all;
    case Operation::sessions_list:
        return sessions_list;
    case Operation::sessions_delete:
        return sessions_delete;
    case Operation::own_password:
        return own_password;
    case Operation::totp_setup:
        return totp_setup;
    case Operation::totp_verify:
        return totp_verify;
    case Operation::totp_remove:
        return totp_remove;
    case Operation::admins_list:
        return admins_list;
    case Operation::admins_create:
        return admins_create;
    case Operation::admins_get:
        return admins_get;
    case Operation::admins_update:
        return admins_update;
    case Operation::admins_delete:
        return admins_delete;
    case Operation::admins_reset_password:
        return admins_reset_password;
    case Operation::admins_announce:
        return admins_announce;
    case Operation::admins_setup_totp:
        return admins_setup_totp;
    case Operation::admins_verify_totp:
        return admins_verify_totp;
    case Operation::admins_remove_totp:
        return admins_remove_totp;
    case Operation::api_keys_list:
        return api_keys_list;
    case Operation::api_keys_create:
        return api_keys_create;
    case Operation::api_keys_get:
        return api_keys_get;
    case Operation::api_keys_update:
        return api_keys_update;
    case Operation::api_keys_delete:
        return api_keys_delete;
    case Operation::api_keys_rotate:
        return api_keys_rotate;
    case Operation::audit_list:
        return audit_list;
    case Operation::audit_export:
        return audit_export;
    case Operation::audit_verify:
        return audit_verify;
    }
    throw Error(Code::internal, "an operation of the route table has no handler");
}

} // namespace vectis::api::handlers
