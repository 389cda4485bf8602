#include "base/error.hpp"
#include "catch.hpp"
#include "supervise/queue.hpp"

#include <nlohmann/json.hpp>

using namespace vectis;

TEST_CASE("what postqueue says of the queue is taken over, message by message") {
    const Json messages = supervise::queued_messages_in(
        R"({"queue_name": "deferred", "queue_id": "4gFw2xPqz9z1", "arrival_time": 1800000000, "message_size": 700, )"
        R"("forced_expire": false, "sender": "anna@example.test", "recipients": [{"address": "bert@elsewhere.test", )"
        R"("delay_reason": "connect to 192.0.2.1: timed out"}, {"address": "cleo@elsewhere.test"}]})"
        "\n");
    REQUIRE(messages.size() == 1);
    CHECK(messages[0]["arrived_at"] == "2027-01-15T08:00:00.000Z");
    CHECK(messages[0]["size"] == 700);
    CHECK(messages[0]["recipients"][0]["reason"] == "connect to 192.0.2.1: timed out");
    CHECK(messages[0]["recipients"][1]["reason"] == "");
    CHECK(supervise::queued_messages_in("").empty());
    CHECK_THROWS_AS(supervise::queued_messages_in("{}\n"), Error);
    CHECK_THROWS_AS(supervise::queued_messages_in("postqueue: fatal\n"), Error);
}
