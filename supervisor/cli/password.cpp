// mailbox password, and the service behind vectis-password.socket, through which webmail changes one.
#include "accounts/password.hpp"

#include "accounts/dovecot_login.hpp"
#include "accounts/password_dialogue.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "cli/invocation.hpp"
#include "systemd/client.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <fcntl.h>
#include <poll.h>
#include <thread>
#include <unistd.h>

namespace vectis::cli {

namespace {

using accounts::PasswordDialogue;

/// The next line without its break (CR LF, or LF alone); nothing when the client leaves or says nothing for long. What
/// is longer than a dialogue takes comes back cut, one byte too long.
std::optional<std::string> next_line(std::string& read) {
    constexpr int patience_ms = 30'000;
    for (;;) {
        if (const auto end = read.find('\n'); end != std::string::npos) {
            std::string line = read.substr(0, end);
            read.erase(0, end + 1);
            if (line.ends_with('\r'))
                line.pop_back();
            return line;
        }
        if (read.size() > PasswordDialogue::longest_line + 2)
            return read.substr(0, PasswordDialogue::longest_line + 1);
        pollfd wait{STDIN_FILENO, POLLIN, 0};
        std::array<char, 1024> chunk{};
        const ssize_t count = poll(&wait, 1, patience_ms) > 0 ? ::read(STDIN_FILENO, chunk.data(), chunk.size()) : 0;
        if (count <= 0)
            return std::nullopt;
        read.append(chunk.data(), static_cast<std::size_t>(count));
    }
}

/// One attempt at a time for each user, however many connections there are: each user is a byte of this file, locked
/// until the process that holds it ends.
UniqueFd only_attempt(const std::string& user) {
    UniqueFd fd = open_file("/run/vectis-password/attempts", O_RDWR | O_CREAT);
    std::uint32_t place = 0;
    const std::string digits = sha256(lower_ascii(user)).substr(0, 7);
    std::from_chars(digits.data(), digits.data() + digits.size(), place, 16);
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = place;
    lock.l_len = 1;
    if (fcntl(fd.get(), F_SETLK, &lock) != 0)
        throw Error(Code::invalid_input, "this user's password is being changed already; try again in a moment");
    return fd;
}

/// The journal gets the whole cause; the client hears only that it did not work.
template<typename Work>
auto told(Work&& work) {
    try {
        return work();
    } catch (const Error& error) {
        note(error.text());
        throw;
    }
}

/// A conversation on standard input and output, with whoever may connect to vectis-password.socket.
void serve_password() {
    constexpr std::chrono::seconds dovecot_limit{30};
    constexpr std::chrono::seconds failure_delay{3};
    UniqueFd attempt;
    PasswordDialogue dialogue(
        [&](const std::string& user, const std::string& password) {
            attempt = only_attempt(user);
            auto address = told([&] {
                return accounts::dovecot_login(accounts::dovecot_password_socket, user, password, dovecot_limit);
            });
            if (!address) {
                note(fmt::format("a wrong password for {}", printable(user)));
                std::this_thread::sleep_for(failure_delay); // guessing is slow
            }
            return address;
        },
        [](const std::string& address, const std::string& hash) {
            told([&] { systemd::SupervisorClient().set_password(address, hash); });
        });
    print(PasswordDialogue::greeting() + "\r\n");
    std::string read;
    while (!dialogue.over()) {
        const auto line = next_line(read);
        if (!line)
            return;
        const bool endless = line->size() > PasswordDialogue::longest_line;
        print((endless ? dialogue.answer_to_endless_line() : dialogue.answer(*line)) + "\r\n");
    }
}

void set_password(const std::string& address, bool from_stdin) {
    const std::string password = ask_password(from_stdin);
    accounts::expect_good_password(password, address);
    systemd::SupervisorClient().set_password(address, accounts::hash_password(password));
    note(fmt::format("vectis: the password of {} is changed", printable(address)));
}

} // namespace

int run_password(const Invocation& invocation) {
    if (invocation.command == surface::Command::password_service)
        serve_password();
    else
        set_password(invocation.value("ADDRESS").value_or(""), invocation.has("--password-stdin"));
    return 0;
}

} // namespace vectis::cli
