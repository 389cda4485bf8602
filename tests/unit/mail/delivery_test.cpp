#include "catch.hpp"
#include "mail/delivery.hpp"

#include <array>
#include <string>

using namespace vectis::mail;

namespace {

Delivery attempt(Status status, const std::string& dsn, const std::string& reason) {
    return {.program = "smtp",
            .queue_id = "4jb28M41C7zycb",
            .to = "bert@example.net",
            .relay = "mx.example.net[192.0.2.1]:25",
            .dsn = dsn,
            .status = status,
            .reason = reason};
}

const Delivery accepted = attempt(Status::sent, "2.0.0", "250 2.0.0 Ok: queued as 3F1B2A00C4");
const Delivery refused = attempt(Status::bounced, "5.1.1", "host mx.example.net[192.0.2.1] said: 550 5.1.1 no");
const Delivery put_off = attempt(Status::deferred, "4.7.1", "said: 451 4.7.1 Greylisted, try again in 298 seconds");

constexpr std::array all_states{State::queued,  State::sent,       State::delivered, State::deferred, State::bounced,
                                State::expired, State::suppressed, State::canceled,  State::unknown};

Known known(State state, const Delivery& last = {}) {
    return {state, last.dsn, last.reason};
}

ReportedRecipient reported(Action action, const std::string& status, const std::string& diagnostic = {}) {
    return {.final_recipient = "bert@example.net", .action = action, .status = status, .diagnostic = diagnostic};
}

} // namespace

TEST_CASE("states have the names that the database knows") {
    for (const auto state : all_states)
        CHECK(state_named(name(state)) == state);
    CHECK(name(State::canceled) == "canceled");
    CHECK_FALSE(state_named("cancelled"));
    CHECK_FALSE(state_named(""));
    CHECK(name(StateEvent::expired) == "message.expired");
}

TEST_CASE("a delivery's line moves a recipient on and says what happened") {
    for (const auto state : {State::queued, State::sent, State::deferred}) {
        const auto delivered = after(known(state), accepted);
        REQUIRE(delivered);
        CHECK(delivered->state == State::delivered);
        CHECK(delivered->event == StateEvent::delivered);
        CHECK(delivered->is_attempt);
        CHECK(delivered->status == "2.0.0");
        CHECK_FALSE(delivered->follow);
        const auto bounced = after(known(state), refused);
        REQUIRE(bounced);
        CHECK(bounced->state == State::bounced);
        CHECK(bounced->event == StateEvent::bounced);
        CHECK(bounced->kind == BounceKind::hard);
        CHECK(bounced->reason == refused.reason);
        const auto deferred = after(known(state), put_off);
        REQUIRE(deferred);
        CHECK(deferred->state == State::deferred);
        CHECK(deferred->event == StateEvent::deferred);
        CHECK(deferred->kind == BounceKind::soft);
        const auto expired = after(known(state), attempt(Status::expired, "4.4.7", "too old"));
        REQUIRE(expired);
        CHECK(expired->state == State::expired);
        CHECK(expired->event == StateEvent::expired);
    }
}

TEST_CASE("a final state stays whatever the log says") {
    for (const auto state : {State::delivered, State::bounced, State::expired, State::suppressed, State::canceled}) {
        CHECK(is_final(state));
        for (const LogEvent& line :
             {LogEvent(accepted), LogEvent(refused), LogEvent(put_off), LogEvent(Expired{"4jb28M41C7zycb"}),
              LogEvent(RemovedByHand{"4jb28M41C7zycb"}), LogEvent(Discarded{"4jb28M41C7zycb", "x"}),
              LogEvent(PickedUp{"3F1B2A00C4", "4jb28M41C7zycb"})})
            CHECK_FALSE(after(known(state), line));
    }
}

TEST_CASE("whose end was unknown gets the one that is heard of after all") {
    CHECK_FALSE(is_final(State::unknown));
    CHECK(after(known(State::unknown), accepted)->event == StateEvent::delivered);
    CHECK(after(known(State::unknown), refused)->event == StateEvent::bounced);
    CHECK(after(known(State::unknown, put_off), put_off)->event == StateEvent::deferred);
    CHECK(after(known(State::unknown), RemovedByHand{"4jb28M41C7zycb"})->event == StateEvent::canceled);
    CHECK(after(known(State::unknown), reported(Action::failed, "5.1.1"))->event == StateEvent::bounced);
    CHECK_FALSE(after(known(State::unknown), reported(Action::delivered, "2.0.0")));
}

TEST_CASE("the same deferral is counted and not told again") {
    const auto again = [](const std::string& dsn, const std::string& reason) {
        const auto transition = after(known(State::deferred, put_off), attempt(Status::deferred, dsn, reason));
        REQUIRE(transition);
        CHECK(transition->state == State::deferred);
        CHECK(transition->is_attempt);
        CHECK(transition->reason == reason);
        return transition->event;
    };
    CHECK_FALSE(again(put_off.dsn, put_off.reason));
    CHECK_FALSE(again(put_off.dsn, "said: 451 4.7.1 Greylisted, try again in 5 seconds"));
    CHECK(again(put_off.dsn, "said: 451 4.7.1 go away") == StateEvent::deferred);
    CHECK(again("4.4.1", put_off.reason) == StateEvent::deferred);
    // What was said before it was handed to Postfix was said by somebody else.
    CHECK(after(known(State::sent, put_off), put_off)->event == StateEvent::deferred);
}

TEST_CASE("what expires keeps the last answer") {
    const auto expired = after(known(State::deferred, put_off), Expired{"4jb28M41C7zycb"});
    REQUIRE(expired);
    CHECK(expired->state == State::expired);
    CHECK(expired->event == StateEvent::expired);
    CHECK_FALSE(expired->is_attempt);
    CHECK(expired->status == "4.7.1");
    CHECK(expired->reason == put_off.reason);
    CHECK_FALSE(after(known(State::sent), Expired{"4jb28M41C7zycb"})->reason.empty());
    CHECK(after(known(State::deferred, put_off), Expired{"4jb28M41C7zycb", true})->reason == "expired by hand");
}

TEST_CASE("what is taken out of the queue is canceled") {
    for (const LogEvent& line :
         {LogEvent(RemovedByHand{"4jb28M41C7zycb"}), LogEvent(Discarded{"4jb28M41C7zycb", "a rule"})}) {
        const auto canceled = after(known(State::deferred, put_off), line);
        REQUIRE(canceled);
        CHECK(canceled->state == State::canceled);
        CHECK(canceled->event == StateEvent::canceled);
        CHECK_FALSE(canceled->reason.empty());
    }
    Delivery to_nobody = attempt(Status::sent, "2.0.0", "silently");
    to_nobody.program = "discard";
    to_nobody.relay = "none";
    CHECK(after(known(State::sent), to_nobody)->state == State::canceled);
}

TEST_CASE("lines that decide nothing change nothing") {
    for (const LogEvent& line :
         {LogEvent(Accepted{"4jb28M41C7zycb", "x"}), LogEvent(Queued{"4jb28M41C7zycb"}),
          LogEvent(MessageId{"4jb28M41C7zycb"}), LogEvent(BounceSent{"4jb28M41C7zycb"}),
          LogEvent(Removed{"4jb28M41C7zycb"}), LogEvent(NeverQueued{"4jb28M41C7zycb"}),
          LogEvent(Held{"4jb28M41C7zycb"}), LogEvent(Released{"4jb28M41C7zycb"}), LogEvent(Requeued{"4jb28M41C7zycb"})})
        CHECK_FALSE(after(known(State::sent), line));
    const auto picked_up = after(known(State::deferred, put_off), PickedUp{"3F1B2A00C4", "4jb28M41C7zycb"});
    REQUIRE(picked_up);
    CHECK(picked_up->state == State::deferred);
    CHECK_FALSE(picked_up->event);
    CHECK(picked_up->reason == put_off.reason);
    CHECK(picked_up->follow == "3F1B2A00C4");
}

TEST_CASE("what leads back into this host's Postfix is followed and is no delivery") {
    const auto by = [](const std::string& program, const std::string& relay, const std::string& reason) {
        Delivery delivery = attempt(Status::sent, "2.0.0", reason);
        delivery.program = program;
        delivery.relay = relay;
        return delivery;
    };
    const std::string queued = "250 2.0.0 Ok: queued as 3F1B2A00C4";
    for (const auto& delivery :
         {by("lmtp", "mail.example.test[private/forward-in]", queued), by("smtp", "127.0.0.1[127.0.0.1]:10025", queued),
          by("smtp", "localhost[::1]:10025", queued), by("local", "local", "forwarded as 3F1B2A00C4")}) {
        const auto transition = after(known(State::deferred, put_off), delivery);
        REQUIRE(transition);
        CHECK(transition->state == State::sent);
        CHECK_FALSE(transition->event);
        CHECK(transition->follow == "3F1B2A00C4");
        CHECK(after(known(State::sent), delivery, [](const Delivery&) { return false; })->state == State::delivered);
    }
    for (const auto& delivery :
         {by("lmtp", "mail.example.test[private/dovecot-lmtp]", "250 2.0.0 <a@example.test> x Saved"),
          by("local", "local", "delivered to maildir"), by("virtual", "virtual", "delivered to maildir"),
          by("smtp", "mx.example.net[192.0.2.1]:25", "forwarded as 3F1B2A00C4"),
          by("smtp", "127.0.0.1.example.net[192.0.2.1]:25", queued),
          by("pipe", "filter", "delivered via filter service")}) {
        CHECK(after(known(State::sent), delivery)->state == State::delivered);
        CHECK(after(known(State::sent), delivery, [](const Delivery&) { return true; })->state == State::sent);
    }
    CHECK(after(known(State::sent), by("smtp", "mx.example.net[192.0.2.1]:25", queued), nullptr)->state ==
          State::delivered);
}

TEST_CASE("a report takes a delivery back and is counted once") {
    const auto failed = reported(Action::failed, "5.1.1", "550 5.1.1 no such user");
    for (const auto state : {State::queued, State::sent, State::deferred, State::delivered}) {
        const auto bounced = after(known(state), failed);
        REQUIRE(bounced);
        CHECK(bounced->state == State::bounced);
        CHECK(bounced->event == StateEvent::bounced);
        CHECK(bounced->kind == BounceKind::hard);
        CHECK(bounced->status == "5.1.1");
        CHECK_FALSE(bounced->is_attempt);
    }
    for (const auto state : {State::bounced, State::expired, State::suppressed, State::canceled})
        CHECK_FALSE(after(known(state), failed));
}

TEST_CASE("a report of a failure that would pass says that it was tried for too long") {
    for (const auto* status : {"4.4.1", "4.4.7", "5.4.7"})
        CHECK(after(known(State::delivered), reported(Action::failed, status))->state == State::expired);
    for (const auto* status : {"5.4.4", "5.0.0", "", "x"})
        CHECK(after(known(State::delivered), reported(Action::failed, status))->state == State::bounced);
}

TEST_CASE("a report of anything but a failure is no news") {
    for (const auto action : {Action::delayed, Action::delivered, Action::relayed, Action::expanded, Action::unknown}) {
        for (const auto state : all_states)
            CHECK_FALSE(after(known(state), reported(action, "5.1.1")));
    }
}
