#include "catch.hpp"
#include "mail/classify.hpp"
#include "mail/status_code.hpp"

#include <string>

using namespace vectis::mail;

namespace {

/// What Postfix makes of an answer.
std::string said(const std::string& answer) {
    return "host mx.example.net[192.0.2.1] said: " + answer + " (in reply to RCPT TO command)";
}

std::string code_in(const std::string& text) {
    const auto refusal = find_refusal(text);
    if (!refusal)
        return "none";
    return std::to_string(refusal->code) + (refusal->status ? " " + refusal->status->text() : "");
}

} // namespace

TEST_CASE("status codes are read as RFC 3463 writes them") {
    REQUIRE(status_code("5.1.1"));
    CHECK(*status_code("5.1.1") == StatusCode{5, 1, 1});
    CHECK(status_code("4.7.650")->text() == "4.7.650");
    CHECK(status_code("5.0.0")->is_generic());
    for (const auto* text : {"", "5", "5.1", "5.1.", "5..1", "3.1.1", "1.1.1", "5.1.1111", "5.1.1 ", " 5.1.1",
                             "5.1.1.1", "5.-1.1", "55.1.1", "a.b.c"})
        CHECK_FALSE(status_code(text));
    CHECK(leading_status_code("5.1.1 (no such mailbox)") == StatusCode{5, 1, 1});
    CHECK(leading_status_code("5.1.1: no") == StatusCode{5, 1, 1});
    CHECK(leading_status_code("5.1.1. No") == StatusCode{5, 1, 1});
    CHECK_FALSE(leading_status_code("5.1.1.2"));
    CHECK_FALSE(leading_status_code("5.1.1st"));
}

TEST_CASE("a refusal is found where servers put it") {
    CHECK(code_in("550 5.1.1 no such user") == "550 5.1.1");
    CHECK(code_in("550-5.1.1 no such user") == "550 5.1.1");
    CHECK(code_in("550 #5.1.1 no such user") == "550 5.1.1");
    CHECK(code_in("550 no such user") == "550");
    CHECK(code_in("550") == "550");
    CHECK(code_in(said("550 5.1.1 <a@example.net>: no such user")) == "550 5.1.1");
    CHECK(code_in("host mx.example.net[192.0.2.1] refused to talk to me: 421 4.7.0 later") == "421 4.7.0");
    CHECK(code_in("host mx.example.net [192.0.2.1]: 550-5.2.1 closed") == "550 5.2.1");
    CHECK(code_in("192.0.2.1 does not like recipient. Remote host said: 550 5.1.1 no") == "550 5.1.1");
    CHECK(code_in("Sorry, no mailbox here by that name. (#5.1.1)") == "0 5.1.1");
    CHECK(code_in("550 sorry, no mailbox here by that name. (#5.1.1)") == "550 5.1.1");
    // The codes have to agree, and the first refusal counts.
    CHECK(code_in("550 4.1.1 no such user") == "550");
    CHECK(code_in("450 sorry (#5.1.1)") == "450");
    CHECK(code_in(said("450 4.2.0 later: 550 5.1.1 never")) == "450 4.2.0");
    for (const auto* text :
         {"", "250 2.0.0 ok", "5501 x", "550x", "connect to mx.example.net[192.0.2.1]:25: Connection refused",
          "conversation with mx550.example.net[192.0.2.1] timed out after 450 seconds", "port 587: 56", "(#2.0.0)"})
        CHECK(code_in(text) == "none");
}

TEST_CASE("only a dead address is suppressed") {
    for (const auto* status : {"5.1.0", "5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"}) {
        CHECK(classify(status, said("550 no")) == BounceKind::hard);
        CHECK(suppresses(classify(status, "")));
    }
    for (const auto kind :
         {BounceKind::soft, BounceKind::mailbox_full, BounceKind::policy, BounceKind::block, BounceKind::content,
          BounceKind::auth, BounceKind::routing, BounceKind::protocol, BounceKind::unknown})
        CHECK_FALSE(suppresses(kind));
    for (const auto* status : {"",      "x",     "2.1.5", "4.1.1", "4.2.1", "5.0.0", "5.1.5",  "5.1.7",
                               "5.1.8", "5.1.9", "5.2.0", "5.2.2", "5.2.3", "5.2.4", "5.3.0",  "5.3.4",
                               "5.4.1", "5.4.4", "5.5.0", "5.6.1", "5.7.0", "5.7.1", "5.7.26", "5.7.606"})
        CHECK_FALSE(suppresses(classify(status, said("550 no such user"))));
}

TEST_CASE("a status says what kind of refusal it is") {
    CHECK(classify("5.2.2", said("552 5.2.2 over quota")) == BounceKind::mailbox_full);
    CHECK(classify("4.2.2", "") == BounceKind::mailbox_full);
    CHECK(classify("5.1.8", said("553 5.1.8 sender's domain does not exist")) == BounceKind::policy);
    CHECK(classify("4.4.1", "connect to mx.example.net[192.0.2.1]:25: Connection timed out") == BounceKind::soft);
    CHECK(classify("4.4.7", "") == BounceKind::soft);
    CHECK(classify("5.4.7", "delivery time expired") == BounceKind::soft);
    CHECK(classify("5.4.4", "Host or domain name not found") == BounceKind::routing);
    CHECK(classify("5.4.6", "mail for example.net loops back to myself") == BounceKind::routing);
    CHECK(classify("5.3.4", "message size 90000000 exceeds size limit") == BounceKind::content);
    CHECK(classify("5.5.2", "") == BounceKind::protocol);
    CHECK(classify("4.5.3", "too many recipients") == BounceKind::soft);
    CHECK(classify("5.6.7", "") == BounceKind::content);
    CHECK(classify("4.3.2", "") == BounceKind::soft);
}

TEST_CASE("a refusal for policy is about us, and its words say how") {
    CHECK(classify("5.7.1", said("550 5.7.1 denied")) == BounceKind::policy);
    CHECK(classify("5.7.1", said("554 5.7.1 Service unavailable; client host blocked using zen.spamhaus.org")) ==
          BounceKind::block);
    CHECK(classify("5.7.1", said("550-5.7.1 this message is likely unsolicited mail")) == BounceKind::content);
    CHECK(classify("5.7.1", said("550 5.7.1 not accepted due to the domain's DMARC policy")) == BounceKind::auth);
    CHECK(classify("5.7.26", "") == BounceKind::auth);
    CHECK(classify("5.7.25", "") == BounceKind::auth);
    CHECK(classify("5.7.509", "") == BounceKind::auth);
    CHECK(classify("4.7.28", "") == BounceKind::block);
    CHECK(classify("5.7.606", "") == BounceKind::block);
    CHECK(classify("5.7.27", "") == BounceKind::policy);
    CHECK(classify("4.7.1", said("451 4.7.1 Greylisted, try again in 300 seconds")) == BounceKind::soft);
    // A word inside another one, or in an address, is not that word.
    CHECK(classify("5.7.1", said("550 5.7.1 <spam@example.net>: unlisted")) == BounceKind::policy);
}

TEST_CASE("words can keep an address alive, and never make it dead") {
    CHECK(classify("5.1.1", said("550 5.1.1 mailbox full")) == BounceKind::mailbox_full);
    CHECK(classify("5.1.1", said("550 5.1.1 your host is on our blocklist")) == BounceKind::block);
    CHECK(classify("5.1.0", said("550 5.1.0 sender rejected")) == BounceKind::policy);
    CHECK(classify("5.1.1", "host mx.example.net[192.0.2.1] said: 550 5.1.1 no (in reply to MAIL FROM command)") ==
          BounceKind::policy);
    CHECK(classify("5.2.1", said("550 5.2.1 receiving mail at a rate that prevents more")) == BounceKind::soft);
    CHECK(classify("5.1.1", said("550 5.1.1 <blocked@example.net> no such user")) == BounceKind::hard);
    CHECK_FALSE(suppresses(classify("5.7.1", said("550 5.7.1 no such user"))));
    CHECK_FALSE(suppresses(classify("4.1.1", said("550 5.1.1 no such user"))));
}

TEST_CASE("without an enhanced code the reply code alone is judged, and 550 means nothing") {
    // Postfix says 5.0.0 of an answer that has none.
    for (const auto* status : {"5.0.0", ""}) {
        CHECK(classify(status, said("550 user unknown, 5.1.1")) == BounceKind::unknown);
        CHECK(classify(status, said("550 mailbox full")) == BounceKind::unknown);
        CHECK(classify(status, said("554 blocked by spamhaus")) == BounceKind::unknown);
        CHECK(classify(status, said("552 too much")) == BounceKind::mailbox_full);
        CHECK(classify(status, said("535 no")) == BounceKind::auth);
        CHECK(classify(status, said("556 no")) == BounceKind::routing);
        CHECK(classify(status, said("501 no")) == BounceKind::protocol);
        CHECK(classify(status, "Sorry, no mailbox here by that name. (#5.1.1)") == BounceKind::hard);
    }
    CHECK(classify("4.0.0", said("450 later")) == BounceKind::soft);
    CHECK(classify("4.0.0", "") == BounceKind::soft);
    CHECK(classify("", "") == BounceKind::unknown);
    // One says that it may work later, the other that it will not.
    CHECK(classify("4.0.0", said("550 5.1.1 no such user")) == BounceKind::soft);
    CHECK(classify("5.0.0", said("450 4.7.1 later")) == BounceKind::unknown);
}

TEST_CASE("each kind has a name of its own") {
    CHECK(name(BounceKind::hard) == "hard");
    CHECK(name(BounceKind::mailbox_full) == "mailbox_full");
    CHECK(name(BounceKind::unknown) == "unknown");
}
