#include "api/connection.hpp"

#include "base/text.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <poll.h>
#include <span>
#include <utility>

namespace vectis::api {

namespace {

/// How long a head may take from its first byte on.
constexpr std::chrono::seconds head_limit{10};
/// How long one that is being closed may still send.
constexpr std::chrono::seconds linger_limit{2};
constexpr std::size_t block = 16384;

/// Overwrites the names of the fields that the library acts on by itself, which we do not offer: parts of an answer
/// (as many as a client cares to name, of a POST as well) and compressed ones.
void hide_from_library(std::span<char> head) {
    constexpr std::array<std::string_view, 3> acted_on{"\r\nrange:", "\r\nif-range:", "\r\naccept-encoding:"};
    const std::string lower = lower_ascii(std::string_view(head.data(), head.size()));
    for (const auto name : acted_on) {
        for (auto at = lower.find(name); at != std::string::npos; at = lower.find(name, at + 1))
            std::fill_n(head.begin() + static_cast<std::ptrdiff_t>(at) + 2, name.size() - 3, '_');
    }
}

} // namespace

bool Connection::fill() {
    if (lingers_)
        return drain();
    in_.erase(0, std::exchange(at_, 0));
    if (in_.empty())
        since_ = Clock::now();
    std::array<char, block> bytes{};
    for (;;) {
        const ssize_t size = recv(fd_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
        if (size > 0)
            in_.append(bytes.data(), static_cast<std::size_t>(size));
        if (size == 0)
            return false;
        if (size < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
        if (has_head())
            return true;
    }
}

bool Connection::overdue(Clock::time_point now) const {
    return now - since_ > (lingers_ ? linger_limit : left().empty() ? idle_limit : head_limit);
}

bool Connection::linger() {
    lingers_ = true;
    since_ = Clock::now();
    in_.clear();
    at_ = 0;
    return shutdown(fd_.get(), SHUT_WR) == 0 && drain();
}

bool Connection::drain() {
    constexpr int at_once = 4; // the poller has others; it is called again for what is left
    std::array<char, block> bytes{};
    ssize_t size = 0;
    for (int i = 0; i == 0 || (i < at_once && size > 0); ++i)
        size = recv(fd_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    return size != 0 && (size > 0 || errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
}

std::optional<HeadFault> Connection::begin(Clock::time_point deadline) {
    deadline_ = deadline;
    begun_ = true;
    framing_ = {};
    const auto size = head_size(left());
    if (!size || *size > longest_head)
        return HeadFault{431, "the head of the request is too long"};
    if (auto fault = judge_head(left().substr(0, *size), framing_))
        return fault;
    hide_from_library(std::span(in_).subspan(at_, *size));
    head_left_ = *size;
    body_left_ = framing_.length;
    return std::nullopt;
}

bool Connection::finish() {
    since_ = Clock::now();
    // What was not read of the body would be taken for the next request.
    return flush() && head_left_ == 0 && body_left_ == 0 && framing_.keep_alive;
}

ssize_t Connection::read(char* to, std::size_t size) {
    const auto most = head_left_ > 0 ? head_left_ : body_left_;
    size = static_cast<std::size_t>(std::min<std::uint64_t>(size, most));
    if (size == 0)
        return 0;
    if (left().empty()) {
        std::array<char, block> bytes{};
        if (!flush() || !await(POLLIN))
            return -1;
        const ssize_t got = recv(fd_.get(), bytes.data(), bytes.size(), 0);
        if (got <= 0)
            return got;
        in_.assign(bytes.data(), static_cast<std::size_t>(got));
        at_ = 0;
    }
    size = std::min(size, left().size());
    std::copy_n(left().data(), size, to);
    at_ += size;
    if (head_left_ > 0)
        head_left_ -= size;
    else
        body_left_ -= size;
    return static_cast<ssize_t>(size);
}

ssize_t Connection::write(const char* from, std::size_t size) {
    out_.append(from, size);
    if (out_.size() >= 4 * block && !flush())
        return -1;
    return static_cast<ssize_t>(size);
}

void Connection::get_remote_ip_and_port(std::string& ip, int& port) const {
    ip = peer_.address;
    port = 0;
}

void Connection::get_local_ip_and_port(std::string& ip, int& port) const {
    ip.clear();
    port = 0;
}

bool Connection::await(short events) const {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - Clock::now()).count();
    pollfd one{.fd = fd_.get(), .events = events, .revents = 0};
    return left > 0 && poll(&one, 1, static_cast<int>(left)) == 1;
}

bool Connection::flush() {
    std::size_t sent = 0;
    while (!broken_ && sent < out_.size()) {
        const ssize_t size = send(fd_.get(), out_.data() + sent, out_.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (size >= 0)
            sent += static_cast<std::size_t>(size);
        else if (errno == EAGAIN || errno == EWOULDBLOCK)
            broken_ = !await(POLLOUT);
        else if (errno != EINTR)
            broken_ = true;
    }
    out_.clear();
    return !broken_;
}

} // namespace vectis::api
