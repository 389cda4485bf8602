#include "base/error.hpp"
#include "catch.hpp"
#include "health/queue.hpp"

#include <fmt/format.h>

using namespace vectis;
using health::read_queue;

namespace {

const Time today{std::chrono::seconds(1'800'000'000)};

std::string message(const std::string& in, const std::string& arrived) {
    return fmt::format(R"({{"queue_name": "{}", "queue_id": "4gFw2x", "arrival_time": {}, "sender": "a@b.test"}})"
                       "\n",
                       in, arrived);
}

} // namespace

TEST_CASE("the queue is counted, and a message that nobody takes up is named") {
    const auto queue = read_queue(message("deferred", "1") + message("active", "1") +
                                      message("incoming", "1799999900") + message("deferred", "1799999999"),
                                  today);
    CHECK(queue.messages == 4);
    CHECK(queue.deferred == 2);
    CHECK(queue.stalled.empty());
    CHECK(read_queue(message("maildrop", "1799999800"), today).stalled.find("4gFw2x") != std::string::npos);
    CHECK(read_queue("", today).messages == 0);
}

TEST_CASE("what is no queue is refused") {
    for (const auto& lines :
         {std::string("[]"), std::string("not json"), std::string("{}"), message("deferred", "1e300"),
          message("deferred", "-1"), message("deferred", "18446744073709551615"),
          std::string(R"({"queue_name": 1, "arrival_time": 1})")})
        CHECK_THROWS_AS(read_queue(lines, today), Error);
}
