// The second factor: one's own, and that of an administrator by somebody who may do everything.
#include "accounts/second_factor.hpp"

#include "accounts/admins.hpp"
#include "accounts/qr_code.hpp"
#include "accounts/sessions.hpp"
#include "accounts/totp.hpp"
#include "api/handlers/body.hpp"
#include "api/handlers/handlers.hpp"

namespace vectis::api::handlers {

namespace {

Response set_up(Call& call, const std::string& id) {
    const std::string hostname = call.services().hostname();
    return call.change([&](accounts::Change& change) {
        const auto admin = accounts::find_admin(change.database(), id);
        const std::string secret = accounts::prepare_second_factor(change, admin);
        const std::string uri = accounts::totp_uri(secret, admin.email, hostname);
        return call.answer({{"secret", secret}, {"uri", uri}, {"svg", accounts::qr_code_svg(uri)}});
    });
}

Response verify(Call& call, const std::string& id) {
    const std::string code = call.body().at("code");
    return call.change([&](accounts::Change& change) {
        const auto admin = accounts::find_admin(change.database(), id);
        return call.answer({{"recovery_codes", accounts::enable_second_factor(change, admin, code)}});
    });
}

Response remove(Call& call, const std::string& id) {
    return call.change([&](accounts::Change& change) {
        accounts::remove_second_factor(change, accounts::find_admin(change.database(), id));
        return call.answer(Json::object());
    });
}

} // namespace

Response totp_setup(Call& call) {
    return set_up(call, *call.who().id);
}

Response totp_verify(Call& call) {
    return verify(call, *call.who().id);
}

Response totp_remove(Call& call) {
    accounts::expect_own_password(call.services().ledger, call.services().throttle, call.who(),
                                  call.body().at("password"));
    return remove(call, *call.who().id);
}

Response admins_setup_totp(Call& call) {
    return set_up(call, call.id());
}

Response admins_verify_totp(Call& call) {
    return verify(call, call.id());
}

Response admins_remove_totp(Call& call) {
    return remove(call, call.id());
}

} // namespace vectis::api::handlers
