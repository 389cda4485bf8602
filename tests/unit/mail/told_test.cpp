#include "catch.hpp"
#include "mail/provider.hpp"
#include "mail/told.hpp"

using namespace vectis;

namespace {

std::string told_of(const std::string& type, const std::string& data) {
    return mail::told({.id = "e",
                       .at = "2026-11-24T10:00:00.000Z",
                       .type = type,
                       .domain = "example.test",
                       .message = "m",
                       .recipient = "anna@outside.test",
                       .data = data});
}

} // namespace

TEST_CASE("a provider is the domain under which its mail servers are registered") {
    CHECK(mail::provider("gmail-smtp-in.l.google.com[142.250.102.26]:25") == "google.com");
    CHECK(mail::provider("Mx1.Mail.Example.CO.UK[192.0.2.1]:25") == "example.co.uk");
    CHECK(mail::provider("mx.outside.test[198.51.100.25]:25") == "outside.test");
    CHECK(mail::provider("192.0.2.7[192.0.2.7]:25") == "192.0.2.7");
    CHECK(mail::provider("unknown[2001:db8::7]:25") == "unknown");
    CHECK(mail::provider("co.uk[192.0.2.8]:25") == "co.uk");
    CHECK(mail::provider("mail.example.test[private/dovecot-lmtp]") == "local");
    CHECK(mail::provider("local") == "local");
    CHECK(mail::provider("none").empty());
    CHECK(mail::provider("").empty());
}

TEST_CASE("each event is told in a sentence, with the other side's words") {
    CHECK(told_of("message.queued", "{}") == "accepted for anna@outside.test");
    CHECK(told_of("message.sent", R"({"queue_id":"4ZtB"})") ==
          "handed to Postfix for anna@outside.test (queue id 4ZtB)");
    CHECK(told_of("message.delivered", R"({"relay":"mx.outside.test[198.51.100.25]:25","answer":"250 ok"})") ==
          "mx.outside.test[198.51.100.25]:25 took it for anna@outside.test: \"250 ok\"");
    CHECK(told_of("message.bounced", R"({"relay":"mx[1.2.3.4]:25","answer":"550 no\u001b[31m","bounce_class":"hard"})")
              .find('\x1b') == std::string::npos);
    CHECK(told_of("message.deferred", R"({"answer":"451 later","bounce_class":"soft"})") ==
          "this server does not take it for anna@outside.test yet, Postfix tries again: \"451 later\" (soft)");
    CHECK(told_of("message.suppressed", R"({"reason":"bounce","source":"m0"})") ==
          "not sent to anna@outside.test: the domain sends nothing more there since a bounce (m0)");
    CHECK(told_of("message.opened", R"({"user_agent":"Mail/1"})") ==
          "anna@outside.test opened it, or a program did for them: \"Mail/1\"");
    CHECK(told_of("message.opened", "{}") == "anna@outside.test opened it, or a program did for them");
    CHECK(told_of("message.clicked", R"({"url":"https://a.test/\u001b","user_agent":"Mail/1"})") ==
          "anna@outside.test followed the link https://a.test/\\u001b: \"Mail/1\"");
    CHECK(told_of("message.of_another_release", "{}") == "of_another_release anna@outside.test");
}
