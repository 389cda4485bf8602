// A TCP connection of a probe, plain or TLS, read by lines. Everything happens before one deadline; whatever goes wrong
// is an Error(unavailable) that names address and port. One owner, one thread.
#pragma once

#include "base/unique_fd.hpp"
#include "health/incoming.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

namespace vectis::health {

using Deadline = std::chrono::steady_clock::time_point;

class Connection : public Incoming {
  public:
    Connection(Peer peer, Deadline deadline);
    ~Connection() override;
    Connection(Connection&&) noexcept;
    Connection& operator=(Connection&&) noexcept;

    /// Makes it TLS, asking for `name`. The certificate is not judged: a probe compares it with the configured one.
    void start_tls(const std::string& name);
    [[nodiscard]] bool encrypted() const;
    /// The certificate the peer has shown, as PEM.
    [[nodiscard]] std::string certificate() const;

    void write(std::string_view bytes);

    [[nodiscard]] Deadline deadline() const { return deadline_; }
    /// From here on everything has to happen before `deadline`.
    void set_deadline(Deadline deadline) { deadline_ = deadline; }

  private:
    struct Tls;

    [[nodiscard]] std::string receive() override;
    void connect();
    void wait_for(short events) const;

    Deadline deadline_;
    UniqueFd fd_;
    std::unique_ptr<Tls> tls_;
};

} // namespace vectis::health
