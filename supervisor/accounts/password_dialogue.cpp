#include "accounts/password_dialogue.hpp"

#include "accounts/password.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

namespace vectis::accounts {

std::string PasswordDialogue::greeting() {
    return "200 Vectis changes passwords";
}

std::string PasswordDialogue::answer(const std::string& line) {
    // A break or a NUL within: somebody tries to say more than one line.
    if (line.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos)
        return refuse("a line holds a line break or NUL");
    const auto space = line.find(' ');
    const std::string command = lower_ascii(line.substr(0, space));
    const std::string argument = space == std::string::npos ? "" : line.substr(space + 1);
    try {
        if (command == "quit") {
            over_ = true;
            return "200 Goodbye";
        }
        if (command == "user")
            return user(argument);
        if (command == "pass")
            return pass(argument);
        if (command == "newpass")
            return newpass(argument);
        return refuse("the commands are user, pass, newpass and quit");
    } catch (const Error& error) {
        return refuse(error.code() == Code::invalid_input ? error.what() : "the password cannot be changed now");
    }
}

std::string PasswordDialogue::answer_to_endless_line() {
    return refuse(fmt::format("a line has more than {} bytes", longest_line));
}

std::string PasswordDialogue::refuse(const std::string& why) {
    over_ = true;
    return "500 " + why;
}

std::string PasswordDialogue::user(const std::string& name) {
    if (!user_.empty())
        return refuse("the user was named already");
    if (name.empty() || !is_utf8(name) || has_control(name))
        return refuse("this is no user name");
    user_ = name;
    return "300 Now the present password";
}

std::string PasswordDialogue::pass(const std::string& password) {
    if (user_.empty() || address_)
        return refuse("first comes user, then pass, then newpass");
    address_ = verify_(user_, password);
    if (!address_)
        return refuse("the present password is wrong");
    old_ = password;
    return "200 Now the new password";
}

std::string PasswordDialogue::newpass(const std::string& password) {
    if (!address_)
        return refuse("first comes user, then pass, then newpass");
    if (password == old_)
        return refuse("cannot use the password: it is the present one");
    expect_good_password(password, *address_);
    set_(*address_, hash_password(password));
    address_.reset();
    return "200 The password is changed";
}

} // namespace vectis::accounts
