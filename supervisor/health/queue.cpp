#include "health/queue.hpp"

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <limits>

namespace vectis::health {

namespace {

// qmgr takes a message out of incoming at once, pickup one out of maildrop at once or within a minute.
constexpr std::chrono::seconds stalled_after{180};
// The year 2106; what is computed with it cannot overflow.
constexpr std::uint64_t most_seconds = std::numeric_limits<std::uint32_t>::max();

void add(Queue& queue, const Json& message, Time now) {
    const std::string in = message.at("queue_name");
    const Time arrived{std::chrono::seconds(whole_number(message, "arrival_time", most_seconds))};
    ++queue.messages;
    if (in == "deferred")
        ++queue.deferred;
    if ((in == "incoming" || in == "maildrop") && now - arrived > stalled_after)
        queue.stalled =
            fmt::format("message {} has been in queue '{}' for {} s, expected under {}",
                        printable(message.at("queue_id").get<std::string>()), in,
                        std::chrono::duration_cast<std::chrono::seconds>(now - arrived).count(), stalled_after.count());
}

} // namespace

Queue read_queue(std::string_view lines, Time now) {
    Queue queue;
    for (const auto& line : split(lines, '\n')) {
        if (trim(line).empty())
            continue;
        const Json message = parse_json(line);
        try {
            add(queue, message, now);
        } catch (const Json::exception& error) {
            throw Error(Code::invalid_input, fmt::format("cannot read the queue: {}", printable(error.what())));
        }
    }
    return queue;
}

} // namespace vectis::health
