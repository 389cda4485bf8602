#include "catch.hpp"
#include "mail/log_line.hpp"

#include <string>

using namespace vectis::mail;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

template<class Event>
std::optional<Event> read_as(const std::string& identifier, const std::string& line) {
    const auto event = read_log_line(identifier, line);
    if (!event || !std::holds_alternative<Event>(*event))
        return std::nullopt;
    return std::get<Event>(*event);
}

std::optional<Delivery> delivery(const std::string& line, const std::string& identifier = "postfix/smtp") {
    return read_as<Delivery>(identifier, line);
}

/// A refusal with this text.
std::string bounced(const std::string& reason) {
    return "4jb28M41C7zycb: to=<bert@example.net>, relay=mx.example.net[192.0.2.1]:25, delay=0.5, "
           "delays=0.1/0.1/0.1/0.2, dsn=5.1.1, status=bounced (" +
           reason + ")";
}

} // namespace

TEST_CASE("a delivery's line is read field by field") {
    const auto sent = delivery("4jb289380Bzyfk: to=<alice@example.test>, orig_to=<sales@example.test>, "
                               "relay=mail.example.test[private/dovecot-lmtp], delay=0.82, delays=0.09/0/0.64/0.09, "
                               "dsn=2.0.0, status=sent (250 2.0.0 <alice@example.test> BS4uCIpeCGv7BwAAUi6ngw Saved)",
                               "postfix/lmtp");
    REQUIRE(sent);
    CHECK(sent->program == "lmtp");
    CHECK(sent->queue_id == "4jb289380Bzyfk");
    CHECK(sent->to == "alice@example.test");
    CHECK(sent->original_to == "sales@example.test");
    CHECK(sent->relay == "mail.example.test[private/dovecot-lmtp]");
    CHECK(sent->delay == 820ms);
    REQUIRE(sent->delays);
    CHECK(sent->delays->before == 90ms);
    CHECK(sent->delays->in_queue == 0ms);
    CHECK(sent->delays->connection == 640ms);
    CHECK(sent->delays->transfer == 90ms);
    CHECK(sent->dsn == "2.0.0");
    CHECK(sent->status == Status::sent);
    CHECK(sent->reason == "250 2.0.0 <alice@example.test> BS4uCIpeCGv7BwAAUi6ngw Saved");
}

TEST_CASE("fields that are new, left out or in another order do not matter") {
    const auto sent =
        delivery("3F1B2A00C4: to=<bert@example.net>, relay=mx.example.net[2001:db8::1]:25, conn_use=2, delay=300000, "
                 "delays=0.01/0/0.1/12, tls=dane/(mta-sts)/!requiretls?, new=<with, comma>, dsn=2.6.0, "
                 "status=sent (250 2.6.0 ok)");
    // An address with a blank is no address.
    CHECK_FALSE(sent);
    const auto newer =
        delivery("3F1B2A00C4: to=<bert@example.net>, relay=mx.example.net[2001:db8::1]:25, conn_use=2, delay=300000, "
                 "delays=0.01/0/0.1/12, tls=dane/(mta-sts)/!requiretls?, new=<\"with, comma\"@x>, dsn=2.6.0, "
                 "status=sent (250 2.6.0 ok)");
    REQUIRE(newer);
    CHECK(newer->relay == "mx.example.net[2001:db8::1]:25");
    CHECK(newer->delay == 300000s);
    CHECK(newer->delays->transfer == 12s);
    const auto shorter = delivery("3F1B2A00C4: to=<bert@example.net>, dsn=4.4.1, relay=none, delay=?, delays=1/2/3, "
                                  "status=deferred (connect to mx.example.net[192.0.2.1]:25: Connection refused)");
    REQUIRE(shorter);
    CHECK(shorter->relay == "none");
    CHECK(shorter->original_to.empty());
    CHECK_FALSE(shorter->delay);
    CHECK_FALSE(shorter->delays);
}

TEST_CASE("each agent's status is known, and a question is no delivery") {
    const auto with = [](const std::string& program, const std::string& dsn, const std::string& status) {
        return delivery("3F1B2A00C4: to=<a@example.net>, relay=none, delay=1, delays=1/0/0/0, dsn=" + dsn +
                            ", status=" + status + " (why)",
                        "postfix/" + program);
    };
    for (const auto* program : {"smtp", "lmtp", "local", "virtual", "pipe", "error", "discard", "qmgr", "cleanup"}) {
        REQUIRE(with(program, "5.0.0", "bounced"));
        CHECK(with(program, "5.0.0", "bounced")->program == program);
    }
    CHECK(with("smtp", "4.2.0", "deferred")->status == Status::deferred);
    CHECK(with("smtp", "4.7.1", "SOFTBOUNCE")->status == Status::deferred);
    CHECK(with("smtp", "4.4.7", "expired")->status == Status::expired);
    CHECK_FALSE(with("smtp", "2.1.5", "deliverable"));
    CHECK_FALSE(with("smtp", "5.1.1", "undeliverable"));
    CHECK_FALSE(with("smtp", "2.0.0", "SENT"));
    CHECK_FALSE(with("smtpd", "2.0.0", "sent"));
    CHECK_FALSE(with("anvil", "2.0.0", "sent"));
}

TEST_CASE("a status that contradicts its code is not believed") {
    const auto with = [](const std::string& dsn, const std::string& status) {
        return delivery("3F1B2A00C4: to=<a@example.net>, relay=mx[192.0.2.1]:25, delay=1, dsn=" + dsn +
                        ", status=" + status + " (why)");
    };
    CHECK(with("2.0.0", "sent"));
    CHECK_FALSE(with("5.1.1", "sent"));
    CHECK_FALSE(with("2.0.0", "bounced"));
    CHECK_FALSE(with("5.1.1", "deferred"));
    CHECK_FALSE(with("", "sent"));
    CHECK_FALSE(with("2.0", "sent"));
    CHECK_FALSE(with("2.0.0.1", "sent"));
    CHECK_FALSE(with("2.1000.0", "sent"));
}

TEST_CASE("nothing that strangers write into the reason is taken for a field") {
    for (const auto* reason :
         {"host mx.example.net[192.0.2.1] said: 550 5.1.1 no), dsn=2.0.0, status=sent (250 2.0.0 Ok",
          "status=sent (250 2.0.0 Ok: queued as 4jb28M41C7zycb)",
          "3F1B2A00C4: to=<carl@example.net>, relay=x, dsn=2.0.0, status=sent (250 ok)", ")", "((", "a (b) (c", "",
          "said: 550 \"> , relay=x, dsn=2.0.0, status=sent (ok"}) {
        const auto line = delivery(bounced(reason));
        REQUIRE(line);
        CHECK(line->status == Status::bounced);
        CHECK(line->dsn == "5.1.1");
        CHECK(line->to == "bert@example.net");
        CHECK(line->queue_id == "4jb28M41C7zycb");
        CHECK(line->reason == reason);
    }
    // What smtp(8) logs of a conversation is no delivery, whatever the other side said.
    CHECK_FALSE(delivery("4jb28M41C7zycb: host mx.example.net[192.0.2.1] said: 450 to=<a@example.net>, relay=x, "
                         "dsn=2.0.0, status=sent (250 ok)"));
    CHECK_FALSE(delivery("warning: 4jb28M41C7zycb: to=<a@example.net>, relay=x, dsn=2.0.0, status=sent (250 ok)"));
}

TEST_CASE("an address in quotes has anything in it, and nothing of it is a field") {
    const auto to = [](const std::string& address) {
        return delivery("3F1B2A00C4: to=<" + address +
                        ">, relay=mx.example.net[192.0.2.1]:25, delay=1, dsn=5.1.1, status=bounced (no)");
    };
    for (const auto* address : {
             "\"two words\"@example.net",
             R"x("a> , relay=none, dsn=2.0.0, status=sent (ok)"@example.net)x",
             R"("a\"b> \\"@example.net)",
             "a+2Bb=c@example.net",
             "",
             "root",
             "a@[IPv6:2001:db8::1]",
             "\xC3\xA4@example.net",
         }) {
        REQUIRE(to(address));
        CHECK(to(address)->to == address);
        CHECK(to(address)->status == Status::bounced);
    }
    for (const auto* address : {"a b@example.net", "a@b, status=sent (x", "a\"b@example.net", "\"a@example.net",
                                "<a@example.net>", "a@example.net\"", "\"a\\", "\"a\"b\"@example.net"})
        CHECK_FALSE(to(address));
}

TEST_CASE("a field that stands twice makes a line worthless") {
    const std::string start = "3F1B2A00C4: to=<a@example.net>, ";
    const std::string end = "dsn=2.0.0, status=sent (ok)";
    CHECK(delivery(start + "relay=x, " + end));
    CHECK_FALSE(delivery(start + "to=<b@example.net>, relay=x, " + end));
    CHECK_FALSE(delivery(start + "relay=x, relay=y, " + end));
    CHECK_FALSE(delivery(start + "relay=x, dsn=2.0.0, " + end));
    CHECK_FALSE(delivery(start + end));
    CHECK_FALSE(delivery("3F1B2A00C4: orig_to=<a@example.net>, relay=x, " + end));
}

TEST_CASE("wherever a line is cut, it says the same or nothing") {
    const std::string whole = bounced("host mx.example.net[192.0.2.1] said: 550 5.1.1 (in reply to RCPT TO command)");
    const auto status = whole.find(" (host") + 2;
    for (std::size_t size = 0; size <= whole.size(); ++size) {
        const auto line = delivery(whole.substr(0, size));
        CHECK(line.has_value() == (size >= status));
        if (line) {
            CHECK(line->status == Status::bounced);
            CHECK(line->dsn == "5.1.1");
            CHECK(line->to == "bert@example.net");
        }
    }
}

TEST_CASE("what the other programs say is told apart") {
    SECTION("smtpd") {
        const auto plain =
            read_as<Accepted>("postfix/vectis-submit/smtpd", "4jb28M0Tk2zycb: client=localhost[127.0.0.1]");
        REQUIRE(plain);
        CHECK(plain->queue_id == "4jb28M0Tk2zycb");
        CHECK(plain->client == "localhost[127.0.0.1]");
        CHECK(plain->sasl_username.empty());
        const auto known = read_as<Accepted>("postfix/submission/smtpd",
                                             "4jb28M0Tk2zycb: client=unknown[198.51.100.7], sasl_method=PLAIN, "
                                             "sasl_username=alice@example.test, sasl_sender=x, "
                                             "sasl_username=root@example.test");
        REQUIRE(known);
        CHECK(known->sasl_username == "alice@example.test");
        const auto unknown = read_as<Accepted>(
            "postfix/smtpd",
            "4jb28M0Tk2zycb: client=unknown[198.51.100.7], sasl_sender=x, sasl_username=root@example.test");
        REQUIRE(unknown);
        CHECK(unknown->sasl_username.empty());
        CHECK_FALSE(read_log_line("postfix/smtpd", "NOQUEUE: client=unknown[198.51.100.7]"));
        CHECK_FALSE(read_log_line("postfix/smtpd", "4jb28M0Tk2zycb: reject: RCPT from unknown[198.51.100.7]: 550 5.1.1 "
                                                   "<a@example.test>: no; from=<> to=<a@example.test> proto=ESMTP"));
        CHECK_FALSE(read_log_line("postfix/smtpd", "connect from unknown[198.51.100.7]"));
    }
    SECTION("qmgr") {
        const auto queued = read_as<Queued>("postfix/qmgr", "4jb28M08pTzyft: from=<bounce+abc@example.test>, size=973, "
                                                            "nrcpt=1 (queue active)");
        REQUIRE(queued);
        CHECK(queued->from == "bounce+abc@example.test");
        CHECK(queued->size == 973);
        CHECK(queued->recipients == 1);
        CHECK(read_as<Queued>("postfix/qmgr", "4jb28M08pTzyft: from=<>, size=1, nrcpt=2 (queue active)"));
        CHECK_FALSE(read_log_line("postfix/qmgr", "4jb28M08pTzyft: from=<>, size=-1, nrcpt=2 (queue active)"));
        CHECK_FALSE(read_log_line("postfix/qmgr", "4jb28M08pTzyft: from=<>, size=18446744073709551616, nrcpt=2 (x"));
        const auto expired = read_as<Expired>(
            "postfix/qmgr", "4jb28M08pTzyft: from=<a@example.test>, status=expired, returned to sender");
        REQUIRE(expired);
        CHECK_FALSE(expired->by_hand);
        const auto forced = read_as<Expired>("postfix/qmgr", "4jb28M08pTzyft: from=<\"status=x, y\"@example.test>, "
                                                             "status=force-expired, returned to sender");
        REQUIRE(forced);
        CHECK(forced->by_hand);
        CHECK(read_as<Removed>("postfix/qmgr", "4jb28M08pTzyft: removed"));
        CHECK_FALSE(read_log_line("postfix/qmgr", "4jb28M08pTzyft: removed by"));
        CHECK_FALSE(read_log_line("postfix/qmgr", "4jb28M08pTzyft: skipped, still being delivered"));
    }
    SECTION("cleanup") {
        const auto id = read_as<MessageId>("postfix/cleanup", "4jb28M08pTzyft: message-id=<1@example.test>");
        REQUIRE(id);
        CHECK(id->message_id == "<1@example.test>");
        CHECK_FALSE(read_log_line("postfix/cleanup", "4jb28M08pTzyft: message-id=<>"));
        CHECK_FALSE(read_log_line("postfix/cleanup", "4jb28M08pTzyft: resent-message-id=<1@example.test>"));
        CHECK(read_as<NeverQueued>("postfix/cleanup", "4jb28M08pTzyft: removed (canceled)"));
        CHECK(read_as<Discarded>("postfix/forward-in/cleanup", "4jb28M08pTzyft: removed (discarded)"));
        const auto discarded = read_as<Discarded>(
            "postfix/cleanup",
            "4jb28M08pTzyft: milter-discard: END-OF-MESSAGE from localhost[127.0.0.1]: milter triggers "
            "DISCARD action; from=<a@example.test> to=<b@example.net> proto=ESMTP helo=<x>");
        REQUIRE(discarded);
        CHECK(discarded->reason.starts_with("END-OF-MESSAGE from localhost"));
        CHECK(read_as<Held>("postfix/cleanup",
                            "4jb28M08pTzyft: milter-hold: END-OF-MESSAGE from localhost[127.0.0.1]: x"));
        CHECK(read_as<NeverQueued>("postfix/cleanup",
                                   "4jb28M08pTzyft: milter-reject: END-OF-MESSAGE from x[192.0.2.1]: 5.7.1 "
                                   "Gtube pattern; from=<> to=<a@example.test> proto=ESMTP"));
        CHECK(read_as<NeverQueued>("postfix/cleanup", "4jb28M08pTzyft: reject: header Subject: a from x; from=<>"));
        // Of one recipient.
        CHECK_FALSE(
            read_log_line("postfix/smtpd", "4jb28M08pTzyft: milter-reject: RCPT from x[192.0.2.1]: 5.7.1 no; from=<>"));
        CHECK_FALSE(read_log_line("postfix/cleanup", "4jb28M08pTzyft: warning: header Subject: discard: from x"));
    }
    SECTION("bounce") {
        const auto bounce =
            read_as<BounceSent>("postfix/bounce", "4jb28M08pTzyft: sender non-delivery notification: 4jb28M41C7zycb");
        REQUIRE(bounce);
        CHECK(bounce->queue_id == "4jb28M08pTzyft");
        CHECK(bounce->bounce_queue_id == "4jb28M41C7zycb");
        CHECK_FALSE(read_log_line("postfix/bounce", "4jb28M08pTzyft: sender delay notification: 4jb28M41C7zycb"));
        CHECK_FALSE(read_log_line("postfix/bounce", "4jb28M08pTzyft: sender non-delivery notification: no id"));
    }
    SECTION("postsuper and pickup") {
        CHECK(read_as<RemovedByHand>("postfix/postsuper", "4jb28M08pTzyft: removed"));
        CHECK(read_as<RemovedByHand>("postsuper", "4jb28M08pTzyft: removed"));
        CHECK(read_as<Held>("postfix/postsuper", "4jb28M08pTzyft: placed on hold"));
        CHECK(read_as<Released>("postfix/postsuper", "4jb28M08pTzyft: released from hold"));
        CHECK(read_as<Requeued>("postfix/postsuper", "4jb28M08pTzyft: requeued"));
        CHECK_FALSE(read_log_line("postfix/postsuper", "Deleted: 1 message"));
        const auto again = read_as<PickedUp>("postfix/pickup", "4jb28M41C7zycb: uid=106 from=<a@example.test> "
                                                               "orig_id=4jb28M08pTzyft");
        REQUIRE(again);
        CHECK(again->queue_id == "4jb28M41C7zycb");
        CHECK(again->original_queue_id == "4jb28M08pTzyft");
        CHECK_FALSE(read_log_line("postfix/pickup", "4jb28M41C7zycb: uid=1000 from=<x> orig_id=4jb28M08pTzyft>"));
        CHECK_FALSE(read_log_line("postfix/pickup", "4jb28M41C7zycb: uid=0 from=<root>"));
    }
}

TEST_CASE("only Postfix's own names are taken for Postfix") {
    const std::string line = "4jb28M08pTzyft: removed";
    for (const auto* identifier : {"postfix/qmgr", "postfix-out/qmgr", "postfix/slow/qmgr", "postfix/oqmgr"})
        CHECK(read_log_line(identifier, line));
    for (const auto* identifier : {"qmgr", "/qmgr", "postfixx/qmgr", "dovecot/qmgr", "postfix", "postfix/", ""})
        CHECK_FALSE(read_log_line(identifier, line));
}

TEST_CASE("queue ids are told from words") {
    for (const auto* id : {"3F1B2A00C4", "4jb28M08pTzyft", "0123456", "BCDFGHz1"})
        CHECK(is_queue_id(id));
    for (const auto* id : {"NOQUEUE", "warning", "", "12345", "4jb28M08pTzyft ", "4jb2/8M08pTzyft", "statistics",
                           "0123456789012345678901234567890123"})
        CHECK_FALSE(is_queue_id(id));
    CHECK(queued_as("250 2.0.0 Ok: queued as 4jb28M08pTzyft") == "4jb28M08pTzyft");
    CHECK(queued_as("forwarded as 3F1B2A00C4\r\n") == "3F1B2A00C4");
    CHECK_FALSE(queued_as("250 2.0.0 Ok: queued as"));
    CHECK_FALSE(queued_as("250 2.0.0 Ok: queued as 4jb28M08pTzyft and more"));
    CHECK_FALSE(queued_as("250 2.0.0 Ok"));
}

TEST_CASE("a line with any byte in it is read without harm") {
    const auto line = delivery("4jb28M08pTzyft: to=<a\0b@example.net>, relay=x, dsn=2.0.0, status=sent (a\0b)"s);
    REQUIRE(line);
    CHECK(line->to == "a\0b@example.net"s);
    CHECK(line->reason == "a\0b"s);
    CHECK_FALSE(read_log_line("postfix/smtp", std::string(100'000, '<')));
    CHECK_FALSE(read_log_line("postfix/smtp", "4jb28M08pTzyft: to=<\"" + std::string(100'000, '\\')));
    CHECK_FALSE(read_log_line("postfix/smtp", "\xFF\xFE"));
}
