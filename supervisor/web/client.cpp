#include "web/client.hpp"

#include "base/guarded.hpp"
#include "base/text.hpp"
#include "web/address.hpp"
#include "web/connection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <list>

namespace vectis::web {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t most_tried = 6;       // addresses of one name
constexpr milliseconds connect_limit{3000}; // while there is another address to try
constexpr std::size_t most_idle = 64;
constexpr std::chrono::seconds idle_limit{60};

/// RFC 9110 section 5.6.2.
bool is_token(std::string_view text) {
    constexpr std::string_view others = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char each) {
        return (each >= '0' && each <= '9') || (each >= 'A' && each <= 'Z') || (each >= 'a' && each <= 'z') ||
               others.find(each) != std::string_view::npos;
    });
}

/// The fields that say how a request is framed and whom it is for.
bool is_ours(std::string_view header) {
    constexpr std::array ours{"connection", "content-length", "expect",           "host", "keep-alive", "te",
                              "trailer",    "upgrade",        "transfer-encoding"};
    const std::string lower = lower_ascii(header);
    return std::find(ours.begin(), ours.end(), lower) != ours.end() || lower.starts_with("proxy-");
}

std::optional<std::string> header_fault(const WebHeaders& headers) {
    for (const auto& [name, value] : headers) {
        if (!is_token(name))
            return fmt::format("'{}' is no name of a header", printable(name));
        if (is_ours(name))
            return fmt::format("header '{}' is not the caller's to set", name);
        if (std::any_of(value.begin(), value.end(), [](char each) { return each < ' ' || each >= '\x7F'; }))
            return fmt::format("the value of header '{}' is not printable ASCII", name);
    }
    return std::nullopt;
}

WebAnswer no_answer(WebFault fault, std::string detail) {
    return {.fault = fault, .detail = std::move(detail), .headers = {}, .body = {}, .address = {}};
}

/// What `address` is that may not be connected; nothing: it may be.
std::optional<std::string_view> refusal(const IpNetwork& address, const WebOptions& options,
                                        const std::vector<std::string>& own) {
    const auto holds = [&](const IpNetwork& each) { return each.contains(address); };
    if (std::any_of(options.allow_networks.begin(), options.allow_networks.end(), holds))
        return std::nullopt;
    if (const auto closed = closed_network(address))
        return closed;
    const auto is_it = [&](const std::string& each) { return parse_ip_network(each) == address; };
    return std::any_of(own.begin(), own.end(), is_it) ? std::optional<std::string_view>("this server's own")
                                                      : std::nullopt;
}

} // namespace

/// Connections that nobody uses, the latest first. Each has one origin and one address: reused is only a connection to
/// an address that was judged again just now.
class WebClient::Pool {
    using Connection = std::unique_ptr<WebConnection>;
    struct Idle {
        Connection connection;
        steady_clock::time_point since;
    };

  public:
    /// On a connection that was kept, or on a new one if there is none, or if the other side has closed it: then no
    /// word comes back (libcurl replaces it by itself if it sees that before it has sent much).
    WebTry post(const WebRequest& request, const IpNetwork& address, const WebOptions& options,
                const WebLimits& limits) {
        if (auto kept = take(request.url, address)) {
            WebTry made = kept->post(request, options, limits);
            if (made.answer.fault != WebFault::protocol || made.heard) {
                if (made.answer.answered())
                    give(std::move(kept));
                return made;
            }
        }
        auto fresh = std::make_unique<WebConnection>(request.url, address);
        WebTry made = fresh->post(request, options, limits);
        if (made.answer.answered())
            give(std::move(fresh));
        return made;
    }

  private:
    Connection take(const WebUrl& url, const IpNetwork& address) {
        return idle_.with([&](std::list<Idle>& all) {
            const auto found = std::find_if(all.begin(), all.end(),
                                            [&](const Idle& each) { return each.connection->leads_to(url, address); });
            if (found == all.end())
                return Connection();
            Connection taken = std::move(found->connection);
            all.erase(found);
            return taken;
        });
    }

    void give(Connection connection) {
        const auto now = steady_clock::now();
        std::list<Idle> closed; // after the lock: to close is to send something
        idle_.with([&](std::list<Idle>& all) {
            all.push_front({std::move(connection), now});
            while (all.size() > most_idle || all.back().since + idle_limit < now)
                closed.splice(closed.begin(), all, std::prev(all.end()));
        });
    }

    Guarded<std::list<Idle>> idle_;
};

/// The addresses that may be connected, or why there is none.
struct WebClient::Judged {
    std::vector<IpNetwork> good;
    WebFault fault = WebFault::none;
    std::string detail;
};

std::string_view fault_name(WebFault fault) {
    constexpr std::array<std::string_view, 9> names{
        "none", "refused_url", "refused_header", "refused_address", "dns", "connect", "tls", "timeout", "protocol"};
    return names.at(static_cast<std::size_t>(fault));
}

WebClient::WebClient(Lookup lookup, WebOptions options) :
    lookup_(std::move(lookup)), options_(std::move(options)), pool_(std::make_unique<Pool>()) {}
WebClient::~WebClient() = default;

WebClient::Judged WebClient::judged(const WebUrl& url) const {
    std::vector<IpNetwork> addresses;
    std::string why;
    if (url.address) {
        addresses.push_back(*url.address);
    } else {
        for (const auto& answer : lookup_({{url.host, net::RecordType::a}, {url.host, net::RecordType::aaaa}})) {
            for (const auto& value : answer.values) {
                if (const auto address = parse_ip_network(value); address && address->single())
                    addresses.push_back(*address);
            }
            if (why.empty() && !answer.why.empty())
                why = ": " + answer.why;
        }
    }
    if (addresses.empty())
        return {.good = {}, .fault = WebFault::dns, .detail = fmt::format("'{}' has no address{}", url.host, why)};
    const auto own = options_.own_addresses();
    Judged result;
    for (const auto& address : addresses) {
        const auto closed = refusal(address, options_, own);
        if (closed && result.detail.empty())
            result.detail = fmt::format("'{}' leads to {}, which is {}", url.host, address.text(), *closed);
        if (!closed && result.good.size() < most_tried)
            result.good.push_back(address);
    }
    if (result.good.empty())
        result.fault = WebFault::refused_address;
    return result;
}

WebAnswer WebClient::ask(std::string_view text, const WebHeaders& headers, std::string_view body,
                         steady_clock::time_point deadline) {
    const auto read = read_web_url(text, options_.ports);
    if (const auto* problem = std::get_if<Problem>(&read))
        return no_answer(WebFault::refused_url, problem->what);
    if (auto fault = header_fault(headers))
        return no_answer(WebFault::refused_header, *std::move(fault));
    const auto& url = std::get<WebUrl>(read);
    Judged way = judged(url);
    if (way.good.empty())
        return no_answer(way.fault, std::move(way.detail));
    WebAnswer last = no_answer(WebFault::timeout, "the lookup took all of the time");
    for (std::size_t i = 0; i < way.good.size(); ++i) {
        const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
        if (left.count() <= 0)
            break;
        const auto waiting = static_cast<std::int64_t>(way.good.size() - i); // with this one
        const WebLimits limits{.deadline = deadline,
                               .to_connect = waiting == 1 ? left : std::min(connect_limit, left / waiting)};
        WebTry made = pool_->post({.url = url, .headers = headers, .body = body}, way.good[i], options_, limits);
        last = std::move(made.answer);
        // Not by the time that is left: libcurl counts in milliseconds, and can be one early.
        const bool unreached = last.fault == WebFault::connect || (last.fault == WebFault::timeout && !made.sent);
        if (!unreached)
            break;
    }
    return last;
}

WebAnswer WebClient::post(std::string_view url, const WebHeaders& headers, std::string_view body) {
    const auto began = steady_clock::now();
    WebAnswer answer = ask(url, headers, body, began + options_.limit);
    answer.took = std::chrono::duration_cast<milliseconds>(steady_clock::now() - began);
    return answer;
}

} // namespace vectis::web
