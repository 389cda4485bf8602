// One client's connection: its bytes, and how long we wait for them. The poller fills it until a whole head is there,
// then a worker has it for one request. The library reads through it and never sees a byte beyond the request's end.
#pragma once

#include "api/head.hpp"
#include "api/message.hpp"
#include "base/unique_fd.hpp"

#include <chrono>
#include <httplib.h>
#include <optional>
#include <string>

namespace vectis::api {

using Clock = std::chrono::steady_clock;

class Connection final : public httplib::Stream {
  public:
    /// How long one may lie idle.
    static constexpr std::chrono::seconds idle_limit{75};

    Connection(UniqueFd fd, Peer peer) : fd_(std::move(fd)), peer_(std::move(peer)), since_(Clock::now()) {}

    [[nodiscard]] int fd() const { return fd_.get(); }
    [[nodiscard]] const Peer& peer() const { return peer_; }

    /// Reads what is there without waiting. False: the other side has closed, or sends too much.
    [[nodiscard]] bool fill();
    /// A whole head, or one that is too long, is there.
    [[nodiscard]] bool has_head() const {
        return !lingers_ && (head_size(left()).has_value() || left().size() >= longest_head);
    }
    /// Nothing was answered on it yet: the client has not had its turn.
    [[nodiscard]] bool fresh() const { return !begun_ && !lingers_; }
    /// Whether the client has said nothing, or not enough, for too long.
    [[nodiscard]] bool overdue(Clock::time_point now) const;

    /// Begins the request at the start of the bytes that are there. Afterwards the library may read it.
    [[nodiscard]] std::optional<HeadFault> begin(Clock::time_point deadline);
    [[nodiscard]] const Framing& framing() const { return framing_; }
    /// Ends it: what was written is sent. False if the connection is of no more use.
    [[nodiscard]] bool finish();

    /// Begins to close it: what the client has yet to send is thrown away for a moment, so that it gets to read the
    /// answer and not a reset (RFC 9112 section 9.6). False: it can be closed at once.
    [[nodiscard]] bool linger();

    bool is_readable() const override { return true; }
    bool is_writable() const override { return true; }
    ssize_t read(char* to, std::size_t size) override;
    ssize_t write(const char* from, std::size_t size) override;
    void get_remote_ip_and_port(std::string& ip, int& port) const override;
    void get_local_ip_and_port(std::string& ip, int& port) const override;
    /// The library asks for nothing but whether it is too large for select(2).
    int socket() const override { return -1; }
    using httplib::Stream::write;

  private:
    [[nodiscard]] std::string_view left() const { return std::string_view(in_).substr(at_); }
    [[nodiscard]] bool await(short events) const;
    [[nodiscard]] bool flush();
    [[nodiscard]] bool drain();

    UniqueFd fd_;
    Peer peer_;
    std::string in_;     // received
    std::size_t at_ = 0; // read of it, by the library
    std::string out_;    // written, not yet sent
    std::size_t head_left_ = 0;
    std::uint64_t body_left_ = 0;
    Framing framing_;
    Clock::time_point deadline_;
    Clock::time_point since_; // of the last byte, or of the end of the last request
    bool broken_ = false;
    bool begun_ = false;
    bool lingers_ = false;
};

} // namespace vectis::api
