// One connection to one address for one origin, by libcurl, and the exchanges on it. Private to web/: WebClient has
// judged the address. One is used by one thread at a time.
#pragma once

#include "web/client.hpp"

namespace vectis::web {

struct WebRequest {
    const WebUrl& url;
    const WebHeaders& headers;
    std::string_view body;
};

struct WebLimits {
    std::chrono::steady_clock::time_point deadline; // of the exchange
    std::chrono::milliseconds to_connect;           // until something can be sent
};

struct WebTry {
    WebAnswer answer;   // without the time it took
    bool sent = false;  // the other side may have got the request, or a part of it
    bool heard = false; // something came back
};

class WebConnection {
  public:
    WebConnection(const WebUrl& url, const IpNetwork& address);

    /// Whether it leads where `url` does, at that address.
    [[nodiscard]] bool leads_to(const WebUrl& url, const IpNetwork& address) const;
    [[nodiscard]] WebTry post(const WebRequest& request, const WebOptions& options, const WebLimits& limits);

  private:
    struct Delete {
        void operator()(void* each) const noexcept;
    };

    std::string origin_;
    IpNetwork address_;
    std::unique_ptr<void, Delete> easy_;
};

} // namespace vectis::web
