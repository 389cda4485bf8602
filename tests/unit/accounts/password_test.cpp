#include "accounts/password.hpp"
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

TEST_CASE("what is no argon2id hash verifies nothing") {
    for (const auto* stored :
         {"", "{ARGON2ID}", "{ARGON2ID}$argon2id$v=19$m=19456,t=2,p=1$AAAA$AAAA", "{PLAIN}secret", "secret"})
        CHECK_FALSE(accounts::verify_password("secret", stored));
}
