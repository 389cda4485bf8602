#include "health/incoming.hpp"

#include "base/error.hpp"

#include <fmt/format.h>

#include <utility>

namespace vectis::health {

namespace {

constexpr std::size_t line_limit = 64U << 10U;

} // namespace

std::string Peer::text() const {
    return fmt::format("{} port {}", address, port);
}

Incoming::Incoming(Peer peer) : peer_(std::move(peer)) {}

std::string Incoming::line() {
    std::size_t end = 0;
    while ((end = read_.find('\n')) == std::string::npos && read_.size() <= line_limit)
        read_ += receive();
    if (end > line_limit)
        throw Error(Code::unavailable,
                    fmt::format("cannot read from {}: a line has more than {} bytes", peer_.text(), line_limit));
    std::string text = read_.substr(0, end);
    read_.erase(0, end + 1);
    if (text.ends_with('\r'))
        text.pop_back();
    return text;
}

std::string Incoming::bytes(std::size_t count) {
    while (read_.size() < count)
        read_ += receive();
    std::string text = read_.substr(0, count);
    read_.erase(0, count);
    return text;
}

} // namespace vectis::health
