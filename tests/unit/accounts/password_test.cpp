#include "accounts/password.hpp"
#include "base/error.hpp"
#include "catch.hpp"

using namespace vectis;

TEST_CASE("a password is stored as argon2id with at least 19 MiB and two passes, under Dovecot's name") {
    const std::string stored = accounts::hash_password("correct horse");
    CHECK(stored.starts_with("{ARGON2ID}$argon2id$v=19$m=19456,t=2,p=1$"));
    CHECK(accounts::verify_password("correct horse", stored));
    CHECK_FALSE(accounts::verify_password("correct horse ", stored));
    CHECK_FALSE(accounts::verify_password("", stored));
    CHECK(accounts::hash_password("correct horse") != stored);
}

TEST_CASE("a password that was drawn is stored under the same name, at no cost") {
    const std::string stored = accounts::hash_random_password("drawn by random_password()");
    CHECK(stored.starts_with("{ARGON2ID}$argon2id$v=19$m=8,t=1,p=1$"));
    CHECK(accounts::verify_password("drawn by random_password()", stored));
    CHECK_FALSE(accounts::verify_password("drawn by random_password(", stored));
}

TEST_CASE("what is no argon2id hash verifies nothing") {
    for (const auto* stored :
         {"", "{ARGON2ID}", "{ARGON2ID}$argon2id$v=19$m=19456,t=2,p=1$AAAA$AAAA", "{PLAIN}secret", "secret"})
        CHECK_FALSE(accounts::verify_password("secret", stored));
}

TEST_CASE("a password that people choose has eight characters and is not their address") {
    const auto refused = [](const std::string& password) {
        try {
            accounts::expect_good_password(password, "Anna.Example@example.test");
            return false;
        } catch (const Error& error) {
            return error.code() == Code::invalid_input;
        }
    };
    for (const std::string good : {"12345678", "correct horse battery staple", " with spaces ",
                                   "\u00e4\u00f6\u00fc\u00df\u00e4\u00f6\u00fc\u00df"})
        CHECK_FALSE(refused(good));
    CHECK_FALSE(refused(std::string(512, 'x')));
    for (const std::string bad :
         {"", "1234567", "\u00e4\u00f6\u00fc\u00df\u00e4\u00f6\u00fc", "anna.example@EXAMPLE.test", "Anna.Example",
          "example.test", "with\nbreak", "with\ttab..", "latin-1: \xe4\xf6"})
        CHECK(refused(bad));
    CHECK(refused(std::string("with\0nul..", 10)));
    CHECK(refused(std::string(513, 'x')));
}
