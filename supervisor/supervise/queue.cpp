#include "supervise/queue.hpp"

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/subprocess.hpp"
#include "base/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <limits>
#include <optional>

namespace vectis::supervise {

namespace {

constexpr std::chrono::seconds command_limit{60};

Json message_json(const Json& said) {
    Json recipients = Json::array();
    for (const auto& each : said.at("recipients"))
        recipients.push_back({{"address", each.at("address")}, {"reason", each.value("delay_reason", "")}});
    const auto arrived = whole_number(said, "arrival_time", std::numeric_limits<std::uint32_t>::max());
    return {{"id", said.at("queue_id")},
            {"queue", said.at("queue_name")},
            {"arrived_at", rfc3339(Time(std::chrono::seconds(arrived)))},
            {"size", whole_number(said, "message_size", std::numeric_limits<std::uint32_t>::max())},
            {"sender", said.at("sender")},
            {"recipients", std::move(recipients)}};
}

/// In which queue a message is.
std::optional<std::string> queue_of(const std::string& id) {
    const Json messages = queued_messages();
    for (const auto& each : messages) {
        if (each.at("id") == id)
            return each.at("queue").get<std::string>();
    }
    return std::nullopt;
}

/// Has qmgr(8) try it at once.
void flush(const std::string& id) {
    const Finished finished = run({"postqueue", "-i", id}, command_limit);
    if (finished.status != 0)
        throw Error(Code::check_failed, "cannot flush: " + printable(trim(finished.err)));
}

Error no_such_message(const std::string& id) {
    return {Code::not_found, fmt::format("there is no message '{}' in the queue", id), "it may have been delivered"};
}

} // namespace

Json queued_messages_in(const std::string& lines) {
    Json messages = Json::array();
    for (const auto& line : split(lines, '\n')) {
        if (trim(line).empty())
            continue;
        try {
            messages.push_back(message_json(parse_json(line)));
        } catch (const std::exception& error) {
            throw Error(Code::unavailable, fmt::format("cannot read the queue: {}", printable(error.what())));
        }
    }
    return messages;
}

Json queued_messages() {
    const Finished finished = run({"postqueue", "-j"}, command_limit);
    if (finished.status != 0)
        throw Error(Code::unavailable, "cannot ask Postfix for its queue: " + printable(trim(finished.err)),
                    "vectis status");
    return queued_messages_in(finished.out);
}

void act_on_message(const std::string& id, systemd::QueueAction action) {
    using systemd::QueueAction;
    if (action == QueueAction::flush) {
        // Looked for first: it may be delivered at once, and of one that is not there postqueue says nothing.
        const auto where = queue_of(id);
        if (!where)
            throw no_such_message(id);
        if (*where == "hold")
            throw Error(Code::conflict, fmt::format("the message '{}' is held", id), "release it first");
        flush(id);
        return;
    }
    const std::string option = action == QueueAction::hold ? "-h" : action == QueueAction::release ? "-H" : "-d";
    const Finished finished = run({"postsuper", option, id}, command_limit);
    if (finished.status != 0)
        throw Error(Code::check_failed, "cannot do this: " + printable(trim(finished.err)));
    // It counts those that it has moved (postsuper(1)): "Placed on hold: 1 message".
    if (finished.err.find(": 1 message") != std::string::npos) {
        // What is released is with what was deferred, which qmgr(8) looks at every five minutes (queue_run_delay).
        if (action == QueueAction::release)
            flush(id);
        return;
    }
    const auto where = queue_of(id);
    const bool as_asked = where && action != QueueAction::remove && (*where == "hold") == (action == QueueAction::hold);
    if (!as_asked)
        throw no_such_message(id);
}

} // namespace vectis::supervise
