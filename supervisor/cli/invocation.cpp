#include "cli/invocation.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <iostream>
#include <termios.h>
#include <unistd.h>

namespace vectis::cli {

namespace {

/// Echo off while it lives.
class Silence {
  public:
    Silence() {
        tcgetattr(STDIN_FILENO, &before_);
        termios quiet = before_;
        quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    }
    ~Silence() {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
        note("");
    }
    Silence(const Silence&) = delete;
    Silence& operator=(const Silence&) = delete;

  private:
    termios before_{};
};

std::string read_silently(const std::string& question) {
    fmt::print(stderr, "{}", question);
    const Silence silence;
    std::string line;
    std::getline(std::cin, line);
    return line;
}

} // namespace

std::optional<std::string> Invocation::value(const std::string& name) const {
    const auto found = values.find(name);
    return found == values.end() ? std::nullopt : std::optional(found->second);
}

fs::path Invocation::config_file() const {
    return value("--config").value_or(paths.config().string());
}

void print(const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
}

void note(const std::string& text) {
    fmt::print(stderr, "{}\n", text);
}

bool on_terminal() {
    return isatty(STDERR_FILENO) == 1;
}

bool confirm(const std::string& question) {
    if (isatty(STDIN_FILENO) != 1)
        return false;
    fmt::print(stderr, "{} [y/N] ", question);
    std::string line;
    std::getline(std::cin, line);
    return line == "y" || line == "yes";
}

void require_root(std::string_view what) {
    if (geteuid() != 0)
        throw Error(Code::denied, fmt::format("cannot {}: it needs root", what), "use sudo");
}

std::string ask_password(bool from_stdin) {
    std::string password;
    if (from_stdin) {
        std::getline(std::cin, password);
    } else if (isatty(STDIN_FILENO) != 1) {
        throw Error(Code::invalid_input, "cannot ask for a password: standard input is no terminal",
                    "use --password-stdin");
    } else {
        password = read_silently("Password: ");
        if (read_silently("Again: ") != password)
            throw Error(Code::invalid_input, "cannot use the password: the two are not the same", "try again");
    }
    if (password.empty() || has_control(password))
        throw Error(Code::invalid_input, "cannot use the password: it is empty or holds control characters");
    return password;
}

} // namespace vectis::cli
