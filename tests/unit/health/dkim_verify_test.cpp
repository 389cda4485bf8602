#include "catch.hpp"
#include "health/dkim_verify.hpp"

#include <string>

using namespace vectis;
using health::verify_dkim;

namespace {

// Signed by dkimpy 1.1.4 with keys of its own: lines folded, blanks in runs, empty lines at the end, From named twice
// in h=.
constexpr auto signed_message = "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.test;\r\n"
                                " i=@example.test; q=dns/txt; s=r1; t=1795522961; h=from : from : to :\r\n"
                                " subject : date : message-id;\r\n"
                                " bh=T6C+Mhmu2pWSWflw60POWG3FKbgPBW+r+KmBhOjRqMk=;\r\n"
                                " b=FkloOuZPSZlmgMOy+RXNnqbKfc8Jc4XCcFV/JKquBg80QY3yQNIjeoUbh7x2iCBtaEpSR\r\n"
                                " aFetiSXvWg68ejSjGsczJSgBsVaJY/qENSYFFW3ICyb9ZI2v5+PXfU1jm5X/Em5Jn0IYUBt\r\n"
                                " JqHhFwLwBNvp/LKVLGNvnIBM43HjtyY=\r\n"
                                "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; d=example.test;\r\n"
                                " i=@example.test; q=dns/txt; s=e1; t=1795522961; h=from : from : to :\r\n"
                                " subject : date : message-id;\r\n"
                                " bh=T6C+Mhmu2pWSWflw60POWG3FKbgPBW+r+KmBhOjRqMk=;\r\n"
                                " b=stfFOiNcbIyBC40H3rLboH+ltC0lfNfjuW9HMlZnHg5vb02XHDI42C6LYlw00qqBw6N+H\r\n"
                                " hAE/vJZ4BlYTK0oAQ==\r\n"
                                "From: Alice  <alice@example.test>\r\n"
                                "To: bob@example.test\r\n"
                                "Subject: a folded\r\n"
                                "\tsubject   with  blanks \r\n"
                                "Date: Tue, 24 Nov 2026 10:00:00 +0000\r\n"
                                "Message-ID: <1@example.test>\r\n"
                                "\r\n"
                                "Hello  there \t\r\n"
                                "\r\n"
                                " .dot\r\n"
                                "\r\n"
                                "\r\n";
constexpr auto rsa_record =
    "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDv40wvLhjMo3yY6akbnxN248K4RJhPaGJ6Irge+UFKgJ"
    "mRO2ppBzDH098l09iSozmAwyZA4lo4zS2lyjQXHBbejgK6Zd4hvyUANzOweFvFdKYwlftFoAb95jLYDxu8DF3p5RVZlqH1XdeCtJ"
    "z60K5V/mty2cq/5kgjeW5Ft+whQwIDAQAB";
constexpr auto ed25519_record = "v=DKIM1; k=ed25519; p=AKLjQAp67HyiNzDlGwklVorXoVYPtqFRHuqm6Ki2X2s=";

std::optional<std::string> records(const std::string& domain, const std::string& selector) {
    if (domain != "example.test")
        return std::nullopt;
    if (selector == "r1")
        return rsa_record;
    if (selector == "e1")
        return ed25519_record;
    return std::nullopt;
}

std::string with(const std::string& what, const std::string& instead) {
    std::string text = signed_message;
    const auto at = text.find(what);
    REQUIRE(at != std::string::npos);
    return text.replace(at, what.size(), instead);
}

/// How many of the signatures are valid.
std::size_t valid(const std::string& message) {
    std::size_t count = 0;
    for (const auto& signature : verify_dkim(message, records)) {
        CHECK(signature.valid == signature.why.empty());
        count += signature.valid ? 1 : 0;
    }
    return count;
}

} // namespace

TEST_CASE("both signatures of an untouched message are valid") {
    const auto signatures = verify_dkim(signed_message, records);
    REQUIRE(signatures.size() == 2);
    CHECK(signatures[0].algorithm == "rsa-sha256");
    CHECK(signatures[0].selector == "r1");
    CHECK(signatures[0].domain == "example.test");
    CHECK(signatures[0].why == "");
    CHECK(signatures[0].valid);
    CHECK(signatures[1].algorithm == "ed25519-sha256");
    CHECK(signatures[1].why == "");
    CHECK(signatures[1].valid);
}

TEST_CASE("what relaxed canonicalization lets pass changes nothing") {
    CHECK(valid(with("Hello  there \t\r\n", "Hello there\r\n")) == 2);
    CHECK(valid(with("From: Alice  <", "FROM:   Alice <")) == 2);
    CHECK(valid(std::string(signed_message) + "\r\n\r\n") == 2);
    CHECK(valid("Received: from nowhere\r\n" + std::string(signed_message)) == 2);
    std::string unix_lines = signed_message;
    std::erase(unix_lines, '\r');
    CHECK(valid(unix_lines) == 2);
}

TEST_CASE("a changed message has no valid signature") {
    CHECK(valid(with("Hello", "Hallo")) == 0);
    CHECK(valid(with("Hello  there", "Hellothere")) == 0);
    CHECK(valid(with("bob@example.test", "eve@example.test")) == 0);
    CHECK(valid(std::string(signed_message) + "more\r\n") == 0);
    // From is named twice in h=, so that another one cannot be added.
    CHECK(valid("From: eve@example.test\r\n" + std::string(signed_message)) == 0);
    CHECK(valid(with("Hello  there \t\r\n\r\n", "Hello  there \t\r\n")) == 0);
}

TEST_CASE("a signature counts only with its own key") {
    const auto swapped = [](const std::string&, const std::string& selector) -> std::optional<std::string> {
        return selector == "r1" ? ed25519_record : rsa_record;
    };
    for (const auto& signature : verify_dkim(signed_message, swapped))
        CHECK_FALSE(signature.valid);
    const auto none = [](const std::string&, const std::string&) -> std::optional<std::string> { return std::nullopt; };
    for (const auto& signature : verify_dkim(signed_message, none))
        CHECK(signature.why == "there is no such key");
    const auto revoked = [](const std::string&, const std::string&) -> std::optional<std::string> {
        return "v=DKIM1; k=rsa; p=";
    };
    for (const auto& signature : verify_dkim(signed_message, revoked))
        CHECK_FALSE(signature.valid);
}

TEST_CASE("a signature of another kind is named and never passed") {
    CHECK(valid(with("a=rsa-sha256", "a=rsa-sha1")) == 1);
    CHECK(valid(with("c=relaxed/relaxed", "c=simple/relaxed")) == 1);
    CHECK(valid(with("v=1;", "v=1; l=3;")) == 1);
    CHECK(valid(with("v=1;", "v=2;")) == 1);
    CHECK(valid(with("v=1;", "v=1; v=1;")) == 1);
    CHECK(valid(with("d=example.test", "d=example.org")) == 1);
}

TEST_CASE("what is no message has no signature and does no harm") {
    CHECK(verify_dkim("", records).empty());
    CHECK(verify_dkim("\r\n", records).empty());
    CHECK(verify_dkim("no colon", records).empty());
    for (const auto* text :
         {"DKIM-Signature", "DKIM-Signature:", "DKIM-Signature: ;;;", "DKIM-Signature: =", "DKIM-Signature: b",
          "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.test; s=r1; h=:::; bh==; b=!"}) {
        const auto signatures = verify_dkim(text, records);
        REQUIRE(signatures.size() == 1);
        CHECK_FALSE(signatures.front().valid);
    }
}
