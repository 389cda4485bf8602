#include "mail/retention.hpp"

#include "base/error.hpp"
#include "base/json.hpp"
#include "mail/limits.hpp"
#include "store/counts.hpp"
#include "store/holds.hpp"
#include "store/inbound.hpp"
#include "store/messages.hpp"
#include "store/sender_hours.hpp"
#include "store/submissions.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace vectis::mail {

namespace {

constexpr std::size_t forgotten_at_once = 500;
constexpr std::int64_t days_of_senders = 15; // mail/abuse looks back for less
constexpr std::int64_t days_on_the_way = 1;  // nobody takes so long to hand a message in

} // namespace

Keep keep_in(const fs::path& file) {
    const auto text = read_file(file);
    if (!text)
        throw Error(Code::not_found, fmt::format("cannot read '{}': it does not exist", file.string()), "vectis apply");
    const Json json = parse_json(*text);
    return {.messages = json.at("messages_days").get<std::int64_t>(),
            .statistics = json.at("statistics_days").get<std::int64_t>()};
}

std::int64_t forget_old(store::Vectis& database, const Keep& keep, Time now, const std::stop_token& stop) {
    const auto before = [&](std::int64_t days) { return rfc3339(now - std::chrono::hours(24 * days)); };
    const auto in_parts = [&](const auto& some) {
        std::int64_t all = 0;
        for (std::int64_t last = 1; last > 0 && !stop.stop_requested();) {
            last = database.write(some);
            all += last;
        }
        return all;
    };
    database.write([&](store::Database& open) { return forget_counted(open, now); });
    database.write([&](store::Database& open) {
        store::Holds(open).forget_left_alone(rfc3339(now));
        return store::SenderHours(open).forget(before(days_of_senders));
    });
    // Postfix 3.7 does not say of all that it began to take that it never came to be in the queue.
    in_parts([&](store::Database& open) {
        return store::Submissions(open).forget(before(days_on_the_way), forgotten_at_once);
    });
    std::int64_t forgotten = 0;
    std::int64_t rest = 0;
    if (keep.messages > 0) {
        const std::string then = before(keep.messages);
        forgotten =
            in_parts([&](store::Database& open) { return store::Messages(open).forget(then, forgotten_at_once); }) +
            in_parts([&](store::Database& open) { return store::Inbound(open).forget(then, forgotten_at_once); });
        rest += in_parts(
            [&](store::Database& open) { return store::Messages(open).forget_other_events(then, forgotten_at_once); });
        rest += database.write([&](store::Database& open) { return store::Counts(open).forget("hour", then); });
    }
    if (keep.statistics > 0)
        rest += database.write(
            [&](store::Database& open) { return store::Counts(open).forget("day", before(keep.statistics)); });
    if (forgotten + rest > 0)
        database.give_room_back();
    return forgotten;
}

} // namespace vectis::mail
