// A TCP connection of a probe, plain or TLS, read by lines. Everything happens before one deadline; whatever goes wrong
// is an Error(unavailable) that names address and port. One owner, one thread.
#pragma once

#include "base/unique_fd.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace vectis::health {

using Deadline = std::chrono::steady_clock::time_point;

/// An address to connect to, and the one of ours to come from (empty: the kernel chooses).
struct Peer {
    std::string address;
    std::uint16_t port = 0;
    std::string source;

    /// "198.18.25.1 port 25"
    [[nodiscard]] std::string text() const;
};

class Connection {
  public:
    Connection(Peer peer, Deadline deadline);
    ~Connection();
    Connection(Connection&&) noexcept;
    Connection& operator=(Connection&&) noexcept;

    /// Makes it TLS, asking for `name`. The certificate is not judged: a probe compares it with the configured one.
    void start_tls(const std::string& name);
    [[nodiscard]] bool encrypted() const;
    /// The certificate the peer has shown, as PEM.
    [[nodiscard]] std::string certificate() const;

    void write(std::string_view bytes);
    /// The next line without its break; at most 64 KiB.
    [[nodiscard]] std::string line();
    /// Exactly this many bytes.
    [[nodiscard]] std::string bytes(std::size_t count);

    [[nodiscard]] const Peer& peer() const { return peer_; }
    [[nodiscard]] Deadline deadline() const { return deadline_; }
    /// From here on everything has to happen before `deadline`.
    void set_deadline(Deadline deadline) { deadline_ = deadline; }

  private:
    struct Tls;

    void connect();
    void wait_for(short events) const;
    void fill();

    Peer peer_;
    Deadline deadline_;
    UniqueFd fd_;
    std::unique_ptr<Tls> tls_;
    std::string read_;
};

} // namespace vectis::health
