// THE client for what is out there: posts to URLs that strangers have chosen, and reaches nothing of this server or its
// network by it (SSRF). An address is judged where the connection is made and not when the URL was written down: one
// lookup, by our own resolver; each address judged; and a judged one is connected, with no second lookup in between.
// No redirect is followed, no proxy, cookie, password file or environment variable counts, and the whole exchange has a
// limit, whatever the other side does.
//
// Several threads may use one client. Connections stay open for the next post to the same origin at the same address.
#pragma once

#include "base/file.hpp"
#include "base/ip_network.hpp"
#include "net/addresses.hpp"
#include "net/dns.hpp"
#include "web/url.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vectis::web {

/// Why there is no answer. `none`: there is one, whatever its status says.
enum class WebFault : std::uint8_t {
    none,
    refused_url,     // read_web_url() says why
    refused_header,  // a name or value that is none, or a field that is ours to write
    refused_address, // all of the name's addresses are closed ones
    dns,             // the name has no address, or DNS does not say
    connect,         // nobody listens there, or there is no way
    tls,             // no certificate for that name that we trust, or no TLS 1.2
    timeout,         // the limit was reached
    protocol,        // what came is not HTTP, or broke off, or its head is too long
};

/// As it is written above: "refused_url".
[[nodiscard]] std::string_view fault_name(WebFault fault);

struct WebAnswer {
    WebFault fault = WebFault::none;
    std::string detail; // of the fault, for people
    int status = 0;
    std::map<std::string, std::string> headers; // names in lower case; values of one name joined by ", ", as they came
    std::string body;                           // as much as options.longest_answer, as it came
    std::string address;                        // the one that was connected last
    std::chrono::milliseconds took{0};          // with the lookup

    [[nodiscard]] bool answered() const { return fault == WebFault::none; }
};

struct WebOptions {
    /// Closed networks that may be asked all the same, this server's own addresses included.
    std::vector<IpNetwork> allow_networks;
    /// What this server is reached at: an address before a NAT is on no interface.
    std::function<std::vector<std::string>()> own_addresses = net::host_addresses;
    std::vector<std::uint16_t> ports{80, 443, 8443};
    std::chrono::milliseconds limit{15'000};    // for all of a post(), from the lookup on
    std::size_t longest_answer = 64UL * 1024UL; // of a body; what comes after it is not read
    fs::path ca_file;                           // trust this authority instead of the system's
};

/// As Resolver::lookup_all(), in the thread that posts; it keeps to a limit of its own.
using Lookup = std::function<std::vector<net::Answer>(const std::vector<net::Question>&)>;
using WebHeaders = std::vector<std::pair<std::string, std::string>>;

class WebClient {
  public:
    explicit WebClient(Lookup lookup, WebOptions options = {});
    ~WebClient();
    WebClient(const WebClient&) = delete;
    WebClient& operator=(const WebClient&) = delete;

    /// Posts `body`. What goes wrong out there is in the answer and never thrown. A kept connection that the other side
    /// has closed is replaced, and what was sent into it sent again: who receives must be able to tell a repetition.
    /// Throws what `lookup` throws, and Error(unavailable) if libcurl cannot be set up.
    WebAnswer post(std::string_view url, const WebHeaders& headers, std::string_view body);

  private:
    class Pool;
    struct Judged;

    [[nodiscard]] WebAnswer ask(std::string_view url, const WebHeaders& headers, std::string_view body,
                                std::chrono::steady_clock::time_point deadline);
    [[nodiscard]] Judged judged(const WebUrl& url) const;

    Lookup lookup_;
    WebOptions options_;
    std::unique_ptr<Pool> pool_;
};

} // namespace vectis::web
