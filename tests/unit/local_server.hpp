// A server of a test's own, on a port of its own, plain or by TLS: what it says is up to the test. And DNS to find it.
#pragma once

#include "base/guarded.hpp"
#include "base/ip_network.hpp"
#include "base/text.hpp"
#include "base/unique_fd.hpp"
#include "catch.hpp"
#include "web/client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <functional>
#include <list>
#include <memory>
#include <poll.h>
#include <string>
#include <thread>
#include <vector>

namespace vectis::test {

struct SslDelete {
    void operator()(SSL_CTX* each) const noexcept { SSL_CTX_free(each); }
    void operator()(SSL* each) const noexcept { SSL_free(each); }
};
using TlsContext = std::unique_ptr<SSL_CTX, SslDelete>;

/// One connection, as the server sees it.
class Peer {
  public:
    Peer(int fd, SSL* tls) : fd_(fd), tls_(tls) {}

    /// A whole request, to the end of its Content-Length; what there is of one if the other side hangs up.
    std::string request() {
        while (kept_.find("\r\n\r\n") == std::string::npos && more()) {
        }
        const auto head = kept_.find("\r\n\r\n");
        const auto length = kept_.find("Content-Length: ");
        const std::size_t size = head == std::string::npos
                                     ? kept_.size()
                                     : head + 4 + (length < head ? std::stoul(kept_.substr(length + 16)) : 0);
        while (kept_.size() < size && more()) {
        }
        std::string whole = kept_.substr(0, size);
        kept_.erase(0, size);
        return whole;
    }

    /// False: nobody hears it any more.
    bool say(std::string_view text) {
        while (!text.empty()) {
            const auto size = tls_ != nullptr ? SSL_write(tls_, text.data(), static_cast<int>(text.size()))
                                              : send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
            if (size <= 0)
                return false;
            text.remove_prefix(static_cast<std::size_t>(size));
        }
        return true;
    }

    /// A twentieth of a second, or until the other side hangs up.
    void pause() const {
        pollfd one{.fd = fd_, .events = POLLRDHUP, .revents = 0};
        poll(&one, 1, 50);
    }

    /// Until the other side hangs up.
    void wait() {
        while (more()) {
        }
    }

    /// Takes what comes next; false: nothing does.
    bool more() {
        std::array<char, 16384> bytes{};
        const auto size = tls_ != nullptr ? SSL_read(tls_, bytes.data(), static_cast<int>(bytes.size()))
                                          : recv(fd_, bytes.data(), bytes.size(), 0);
        if (size <= 0)
            return false;
        kept_.append(bytes.data(), static_cast<std::size_t>(size));
        return true;
    }

    [[nodiscard]] std::string server_name() const {
        const char* name = tls_ != nullptr ? SSL_get_servername(tls_, TLSEXT_NAMETYPE_host_name) : nullptr;
        return name == nullptr ? "" : name;
    }

  private:
    int fd_;
    SSL* tls_;
    std::string kept_;
};

/// A listening socket at a local address; port 0: one that is free.
struct Listening {
    UniqueFd fd;
    std::uint16_t port = 0;

    explicit Listening(const std::string& address, std::uint16_t wanted = 0, int backlog = 64) {
        const IpNetwork where = parse_ip_network(address).value();
        sockaddr_in6 six{};
        sockaddr_in four{};
        four.sin_family = AF_INET;
        four.sin_port = htons(wanted);
        six.sin6_family = AF_INET6;
        six.sin6_port = htons(wanted);
        std::copy_n(where.bytes.begin(), 4, reinterpret_cast<std::uint8_t*>(&four.sin_addr));  // NOLINT: sockets
        std::copy_n(where.bytes.begin(), 16, reinterpret_cast<std::uint8_t*>(&six.sin6_addr)); // NOLINT
        auto* place = where.ipv6 ? reinterpret_cast<sockaddr*>(&six) : reinterpret_cast<sockaddr*>(&four); // NOLINT
        socklen_t size = where.ipv6 ? sizeof six : sizeof four;
        fd.reset(socket(place->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const int yes = 1;
        setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        if (bind(fd.get(), place, size) != 0 || listen(fd.get(), backlog) != 0 ||
            getsockname(fd.get(), place, &size) != 0) {
            fd.reset();
            return;
        }
        port = ntohs(where.ipv6 ? six.sin6_port : four.sin_port);
    }
};

class LocalServer {
  public:
    /// `serve` has each connection in a thread of its own; it is closed afterwards.
    using Serve = std::function<void(Peer&)>;

    explicit LocalServer(Serve serve, const std::string& address = "127.0.0.1", std::uint16_t port = 0,
                         SSL_CTX* tls = nullptr) :
        serve_(std::move(serve)),
        tls_(tls), listening_(address, port) {
        REQUIRE(listening_.fd);
        // OpenSSL writes to a socket whose other end may be gone.
        std::signal(SIGPIPE, SIG_IGN);
        accepting_ = std::jthread([this] { accept_all(); });
    }
    ~LocalServer() {
        shutdown(listening_.fd.get(), SHUT_RDWR);
        accepting_.join();
        for (const auto& each : connections_)
            shutdown(each.get(), SHUT_RDWR);
        threads_.clear();
    }
    LocalServer(const LocalServer&) = delete;
    LocalServer& operator=(const LocalServer&) = delete;

    [[nodiscard]] std::uint16_t port() const { return listening_.port; }
    /// Connections so far.
    int count() {
        return count_.with([](int value) { return value; });
    }
    [[nodiscard]] std::string url(const std::string& host = "hook.example.test",
                                  const std::string& target = "/in") const {
        return (tls_ != nullptr ? "https://" : "http://") + host + ":" + std::to_string(port()) + target;
    }

  private:
    void accept_all() {
        for (;;) {
            UniqueFd fd(accept4(listening_.fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
            if (!fd)
                return;
            const timeval limit{.tv_sec = 20, .tv_usec = 0}; // a test that fails ends, too
            setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
            setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
            count_.with([](int& value) { ++value; });
            const int number = fd.get();
            connections_.push_back(std::move(fd));
            threads_.emplace_back([this, number] { serve_one(number); });
        }
    }

    void serve_one(int fd) {
        const std::unique_ptr<SSL, SslDelete> tls(tls_ != nullptr ? SSL_new(tls_) : nullptr);
        if (tls != nullptr)
            SSL_set_fd(tls.get(), fd);
        if (tls == nullptr || SSL_accept(tls.get()) == 1) {
            Peer peer(fd, tls.get());
            serve_(peer);
        }
        shutdown(fd, SHUT_RDWR);
    }

    Serve serve_;
    SSL_CTX* tls_;
    Listening listening_;
    Guarded<int> count_{0};
    std::list<UniqueFd> connections_; // the accepting thread's until that has ended
    std::list<std::jthread> threads_;
    std::jthread accepting_;
};

/// Answers each lookup with the next of `sets`, addresses with blanks between, and with the last for ever.
class LocalDns {
  public:
    explicit LocalDns(std::vector<std::string> sets) : sets_(std::move(sets)) {}

    /// As a WebClient wants it; this must outlive it.
    web::Lookup lookup() {
        return [this](const std::vector<net::Question>& questions) {
            const auto turn = asked_.with([](std::size_t& asked) { return asked++; });
            const auto addresses = split(sets_.at(std::min(turn, sets_.size() - 1)), ' ');
            std::vector<net::Answer> answers;
            for (const auto& question : questions) {
                net::Answer answer{.status = net::Status::no_data, .values = {}, .why = {}};
                for (const auto& address : addresses) {
                    if ((question.type == net::RecordType::aaaa) == net::is_ipv6(address))
                        answer.values.push_back(address);
                }
                if (!answer.values.empty())
                    answer.status = net::Status::found;
                answers.push_back(std::move(answer));
            }
            return answers;
        };
    }

    std::size_t asked() {
        return asked_.with([](std::size_t value) { return value; });
    }

  private:
    std::vector<std::string> sets_;
    Guarded<std::size_t> asked_{std::size_t{0}};
};

} // namespace vectis::test
