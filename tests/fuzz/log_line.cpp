// read_log_line() takes any line without a crash; what it makes of a delivery agrees with itself, and nothing in the
// text at its end changes it. The first line is the journal's identifier, the rest the message.
#include "mail/log_line.hpp"

#include "mail/delivery.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

using namespace vectis::mail;

namespace {

bool same(const Delivery& left, const Delivery& right) {
    return left.program == right.program && left.queue_id == right.queue_id && left.to == right.to &&
           left.original_to == right.original_to && left.relay == right.relay && left.dsn == right.dsn &&
           left.status == right.status && left.delay == right.delay;
}

void check_delivery(std::string_view identifier, std::string_view line, const Delivery& delivery) {
    if (delivery.relay.empty() || delivery.dsn.empty())
        std::abort();
    // Another reason, even one that looks like the fields before it: the same delivery.
    const std::size_t closed = line.ends_with(')') ? 1 : 0;
    std::string other(line.substr(0, line.size() - closed - delivery.reason.size()));
    other += "), dsn=2.0.0, status=sent (4jb28M08pTzyft: to=<x@example.net>, relay=x, status=sent (ok)";
    const auto again = read_log_line(identifier, other);
    if (!again || !std::holds_alternative<Delivery>(*again) || !same(std::get<Delivery>(*again), delivery))
        std::abort();
    for (const State state : {State::queued, State::sent, State::deferred, State::delivered, State::canceled}) {
        const auto transition = after({.state = state}, LogEvent(delivery));
        if (transition.has_value() == is_final(state))
            std::abort();
        if (transition && transition->state == State::delivered && delivery.status != Status::sent)
            std::abort();
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const auto end = input.find('\n');
    if (end == std::string_view::npos)
        return 0;
    const auto identifier = input.substr(0, end);
    const auto line = input.substr(end + 1);
    const auto event = read_log_line(identifier, line);
    if (!event)
        return 0;
    if (!is_queue_id(queue_id_of(*event)) || !line.starts_with(queue_id_of(*event)))
        std::abort();
    if (const auto* delivery = std::get_if<Delivery>(&*event))
        check_delivery(identifier, line, *delivery);
    return 0;
}
