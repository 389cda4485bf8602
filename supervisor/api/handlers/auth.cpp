// Who is asking: logging in and out, one's own sessions and password.
#include "accounts/sessions.hpp"
#include "api/handlers/body.hpp"
#include "api/handlers/handlers.hpp"

namespace vectis::api::handlers {

Response login(Call& call) {
    const Json& body = call.body();
    const auto made = accounts::log_in(call.services().ledger, call.services().throttle, call.services().owners,
                                       {.email = body.at("email"),
                                        .password = body.at("password"),
                                        .code = text_in(body, "code"),
                                        .address = call.address(),
                                        .agent = call.field("User-Agent").value_or("")},
                                       call.request_id());
    Json data = accounts::session_json(made.session, made.session.id);
    data["csrf_token"] = made.session.csrf;
    data["must_change_password"] = made.must_change_password;
    Response response = call.answer(std::move(data));
    response.fields.push_back(set_session_cookie(made.secret));
    return response;
}

Response me(Call& call) {
    const auto& who = call.who();
    return call.answer({{"name", who.name},
                        {"admin_id", json_or_null(who.id)},
                        {"mailbox_id", json_or_null(who.mailbox)},
                        {"credential", who.credential},
                        {"role", surface::text(who.role)},
                        {"scopes", json_or_null(who.scopes)},
                        {"domains", json_or_null(who.domains)}});
}

Response logout(Call& call) {
    Response response = call.change([&](accounts::Change& change) {
        accounts::end_session(change, call.session().owner, call.session().id);
        return call.answer(Json::object());
    });
    response.fields.push_back(set_session_cookie(""));
    return response;
}

Response logout_all(Call& call) {
    Response response = call.change([&](accounts::Change& change) {
        accounts::end_sessions(change, call.session().owner);
        return call.answer(Json::object());
    });
    response.fields.push_back(set_session_cookie(""));
    return response;
}

Response sessions_list(Call& call) {
    Json rows = Json::array();
    call.services().ledger.read([&](store::Database& database) {
        for (const auto& session : store::Sessions(database).of(call.session().owner))
            rows.push_back(accounts::session_json(session, call.session().id));
    });
    return call.answer(std::move(rows));
}

Response sessions_delete(Call& call) {
    return call.change([&](accounts::Change& change) {
        accounts::end_session(change, call.session().owner, call.id());
        return call.answer(Json::object());
    });
}

Response own_password(Call& call) {
    const Json& body = call.body();
    const auto& services = call.services();
    accounts::change_own_password(services.ledger, services.throttle, services.owners, call.who(), call.session(),
                                  {.current = body.at("current"), .chosen = body.at("password")}, call.request_id());
    return call.answer(Json::object());
}

} // namespace vectis::api::handlers
