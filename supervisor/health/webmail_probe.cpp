// A person logs in to webmail: nginx, PHP, Roundcube and its database, and IMAP behind it.
#include "base/text.hpp"
#include "health/http.hpp"
#include "health/letter.hpp"
#include "health/probes.hpp"

#include <fmt/format.h>

namespace vectis::health {

namespace {

constexpr std::chrono::seconds page_limit{20};

HttpHead expect(const HttpHead& head, int status, const std::string& what) {
    if (head.status != status)
        throw red(fmt::format("{} was answered with {}, expected {}", what, head.status, status));
    return head;
}

} // namespace

std::string probe_webmail(const Facts& facts) {
    const Deadline deadline = in(page_limit);
    const Peer peer{facts.address, 443, facts.client};

    Http first(peer, facts.hostname, deadline);
    const auto page = expect(first.request("/webmail/", {}), 200, "webmail's login page");
    const std::string token = first.text_after("name=\"_token\" value=\"");

    Http second(peer, facts.hostname, deadline);
    const auto login =
        second.request("/webmail/?_task=login", page.cookies,
                       fmt::format("_token={}&_task=login&_action=login&_timezone=UTC&_url=&_user={}&_pass={}",
                                   form_encoded(token), form_encoded(facts.mailbox), form_encoded(facts.password)));
    const auto session = login.cookie("roundcube_sessid");
    const auto proof = login.cookie("roundcube_sessauth");
    if (login.status != 302 || !session || !proof || *proof == "-del-")
        throw red(fmt::format("a login with the right password was answered with {}, expected 302 and a session",
                              login.status));
    const std::vector<std::string> cookies{"roundcube_sessid=" + *session, "roundcube_sessauth=" + *proof};

    Http third(peer, facts.hostname, deadline);
    static_cast<void>(expect(third.request("/webmail/?_task=mail", cookies), 200, "the list of messages"));
    const std::string fresh = third.text_after("\"request_token\":\"");

    // Nothing stays behind: the session is ended.
    Http last(peer, facts.hostname, deadline);
    static_cast<void>(last.request("/webmail/?_task=logout&_token=" + form_encoded(fresh), cookies));
    return "login, list of messages, logout";
}

} // namespace vectis::health
