#include "api/connection.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <poll.h>
#include <utility>

namespace vectis::api {

namespace {

/// How long a head may take from its first byte on.
constexpr std::chrono::seconds head_limit{10};
constexpr std::size_t block = 16384;

} // namespace

bool Connection::fill() {
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
    return now - since_ > (left().empty() ? idle_limit : head_limit);
}

std::optional<HeadFault> Connection::begin(Clock::time_point deadline) {
    deadline_ = deadline;
    framing_ = {};
    const auto size = head_size(left());
    if (!size || *size > longest_head)
        return HeadFault{431, "the head of the request is too long"};
    if (auto fault = judge_head(left().substr(0, *size), framing_))
        return fault;
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
    const auto most = head_left_ > 0 ? head_left_ : framing_.chunked ? size : body_left_;
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
    else if (!framing_.chunked)
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
