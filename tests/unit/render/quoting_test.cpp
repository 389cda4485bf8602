#include "base/error.hpp"
#include "catch.hpp"
#include "render/quoting.hpp"

#include <array>

using namespace vectis;
using render::quote;
using render::Quoting;

namespace {

constexpr std::array every{Quoting::main_cf, Quoting::plain, Quoting::dovecot, Quoting::quoted};

Code refusal(Quoting quoting, const std::string& value) {
    try {
        (void)quote(quoting, value);
    } catch (const Error& error) {
        return error.code();
    }
    return Code::internal;
}

} // namespace

TEST_CASE("no quoting lets a control character through") {
    using namespace std::string_literals;
    for (const auto quoting : every) {
        for (const auto& value : {"a\nb"s, "a\rb"s, "a\0b"s, "a\tb"s, "a\x7f"s, "a\xc2\x85"s, "a\xe2\x80\xa8"s})
            CHECK(refusal(quoting, value) == Code::invalid_input);
    }
}

TEST_CASE("no quoting lets invalid UTF-8 through") {
    for (const auto quoting : every)
        CHECK(refusal(quoting, "caf\xe9") == Code::invalid_input);
}

TEST_CASE("main.cf: a dollar is doubled, so that no parameter is expanded") {
    CHECK(quote(Quoting::main_cf, "/tls/$myhostname.pem") == "/tls/$$myhostname.pem");
    CHECK(quote(Quoting::main_cf, "a # b = c: d; 'e' \"f\" \\ %s {g}") == "a # b = c: d; 'e' \"f\" \\ %s {g}");
}

TEST_CASE("a blank that a daemon would trim is refused") {
    for (const auto quoting : {Quoting::main_cf, Quoting::plain, Quoting::dovecot}) {
        CHECK(refusal(quoting, " a") == Code::invalid_input);
        CHECK(refusal(quoting, "a ") == Code::invalid_input);
    }
}

TEST_CASE("a secret is written as it is") {
    CHECK(quote(Quoting::plain, "p$w #:{}\"'\\%s|cmd") == "p$w #:{}\"'\\%s|cmd");
}

TEST_CASE("Dovecot: what would be a quote, a comment, a variable or a file is refused") {
    for (const auto* value : {"a\"b", "a'b", "a #b", "$a", "%u", "a{b", "<a", "a\\b"})
        CHECK(refusal(Quoting::dovecot, value) == Code::invalid_input);
    CHECK(quote(Quoting::dovecot, "/etc/ssl/a-b_c.d@e:f=g+h.pem") == "/etc/ssl/a-b_c.d@e:f=g+h.pem");
}

TEST_CASE("Rspamd: quotes and backslashes are escaped, variables refused") {
    CHECK(quote(Quoting::quoted, "a\"b\\c") == "a\\\"b\\\\c");
    CHECK(refusal(Quoting::quoted, "${CONFDIR}") == Code::invalid_input);
}
