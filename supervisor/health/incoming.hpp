// What a peer sends, taken by lines and by counts of bytes. Where the bytes come from is the derived class's part: a
// connection, or a text. One owner, one thread.
#pragma once

#include <cstdint>
#include <string>

namespace vectis::health {

/// An address to connect to, and the one of ours to come from (empty: the kernel chooses).
struct Peer {
    std::string address;
    std::uint16_t port = 0;
    std::string source;

    /// "198.18.25.1 port 25"
    [[nodiscard]] std::string text() const;
};

class Incoming {
  public:
    explicit Incoming(Peer peer);
    virtual ~Incoming() = default;
    Incoming(Incoming&&) = default;
    Incoming& operator=(Incoming&&) = default;

    /// The next line without its break; at most 64 KiB. Throws Error(unavailable) if there is none.
    [[nodiscard]] std::string line();
    /// Exactly this many bytes.
    [[nodiscard]] std::string bytes(std::size_t count);

    [[nodiscard]] const Peer& peer() const { return peer_; }

  protected:
    /// The next bytes, at least one. Throws Error(unavailable) if there are none.
    [[nodiscard]] virtual std::string receive() = 0;
    /// Forgets what has come and was not taken.
    void forget() { read_.clear(); }

  private:
    Peer peer_;
    std::string read_;
};

} // namespace vectis::health
