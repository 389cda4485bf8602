#include "accounts/password.hpp"
#include "accounts/password_dialogue.hpp"
#include "base/error.hpp"
#include "catch.hpp"

#include <map>

using namespace vectis;
using accounts::PasswordDialogue;

namespace {

/// A conversation about one mailbox, Anna@example.test, whose password is "old secret".
struct Talk {
    std::map<std::string, std::string> set;
    bool away = false;
    PasswordDialogue dialogue{
        [this](const std::string& user, const std::string& password) -> std::optional<std::string> {
            if (away)
                throw Error(Code::unavailable, "cannot ask Dovecot: it is away");
            return user == "Anna@example.test" && password == "old secret" ? std::optional("anna@example.test")
                                                                           : std::nullopt;
        },
        [this](const std::string& address, const std::string& hash) { set[address] = hash; }};

    /// The first three characters of the last line's answer.
    std::string say(const std::vector<std::string>& lines) {
        std::string last;
        for (const auto& line : lines) {
            REQUIRE_FALSE(dialogue.over());
            last = dialogue.answer(line).substr(0, 3);
        }
        return last;
    }
};

} // namespace

TEST_CASE("a password is changed by user, pass and newpass") {
    Talk talk;
    CHECK(PasswordDialogue::greeting().starts_with("200 "));
    CHECK(talk.say({"user Anna@example.test"}) == "300");
    CHECK(talk.say({"PASS old secret"}) == "200");
    CHECK(talk.set.empty());
    CHECK(talk.say({"newpass  a new one "}) == "200");
    REQUIRE(talk.set.size() == 1);
    CHECK(accounts::verify_password(" a new one ", talk.set["anna@example.test"])); // blanks count
    CHECK(talk.say({"quit"}) == "200");
    CHECK(talk.dialogue.over());
}

TEST_CASE("whatever is refused ends the conversation and changes nothing") {
    const std::string user = "user Anna@example.test";
    const std::string pass = "pass old secret";
    const std::vector<std::vector<std::string>> talks{
        {""},
        {"newpass a new password"},
        {pass},
        {"user"},
        {"user "},
        {"user \xff"},
        {"user a\tb"},
        {std::string("user a\0b", 8)},
        {"help"},
        {user, user},
        {user, "newpass a new password"},
        {user, "pass wrong secret"},
        {user, "pass"},
        {user, pass + "\rnewpass a new password"},
        {user, pass + "\nnewpass a new password"},
        {user, pass, pass},
        {user, pass, user},
        {user, pass, "newpass"},
        {user, pass, "newpass short"},
        {user, pass, "newpass old secret"},
        {user, pass, "newpass anna@example.test"},
        {user, pass, "newpass latin-1 \xe4\xf6\xfc"},
        {user, pass, "newpass a new\tpassword"},
    };
    for (const auto& lines : talks) {
        Talk talk;
        CHECK(talk.say(lines) == "500");
        CHECK(talk.dialogue.over());
        CHECK(talk.set.empty());
    }
    Talk talk;
    CHECK(talk.dialogue.answer_to_endless_line().starts_with("500 "));
    CHECK(talk.dialogue.over());
}

TEST_CASE("after a change nothing more is changed") {
    Talk talk;
    CHECK(talk.say({"user Anna@example.test", "pass old secret", "newpass first new one", "newpass second new one"}) ==
          "500");
    CHECK(accounts::verify_password("first new one", talk.set["anna@example.test"]));
}

TEST_CASE("a Dovecot that is away is no wrong password, and its words stay here") {
    Talk talk;
    talk.away = true;
    CHECK(talk.dialogue.answer("user Anna@example.test").starts_with("300"));
    CHECK(talk.dialogue.answer("pass old secret") == "500 the password cannot be changed now");
}
