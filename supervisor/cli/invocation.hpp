// One command as it was typed, and what every command needs to answer.
#pragma once

#include "base/error.hpp"
#include "state/paths.hpp"
#include "surface/commands.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace vectis::cli {

struct Invocation {
    surface::Command command = surface::Command::status;
    const surface::CommandRow* row = nullptr;
    std::map<std::string, std::string> values; // by argument name; a flag that was given is "true"
    state::Paths paths;

    [[nodiscard]] bool has(const std::string& name) const { return values.contains(name); }
    [[nodiscard]] std::optional<std::string> value(const std::string& name) const;
    /// The file that --config names, or /etc/vectis/config.yaml.
    [[nodiscard]] fs::path config_file() const;
    [[nodiscard]] bool json() const { return has("--json"); }
};

/// Prints to standard output; a reader that went away ends the program quietly.
void print(const std::string& text);
/// Progress and notes go to standard error.
void note(const std::string& text);
/// Asks on the terminal; false without one.
[[nodiscard]] bool confirm(const std::string& question);
/// Whether standard error is a terminal (progress in place, colour).
[[nodiscard]] bool on_terminal();
/// Throws Error(denied) unless root runs this. `what` is a verb: "set the server up".
void require_root(std::string_view what);
/// Asks for a password twice without echo, or reads one line from standard input.
[[nodiscard]] std::string ask_password(bool from_stdin);

// One function per group; each returns the exit status.
int run_operate(const Invocation& invocation);      // plan apply generations rollback
int run_config(const Invocation& invocation);       // config ...
int run_server(const Invocation& invocation);       // status health logs restart export
int run_bans(const Invocation& invocation);         // bans ban unban
int run_install(const Invocation& invocation);      // preflight setup dns hash-password
int run_password(const Invocation& invocation);     // mailbox password, password-service
int run_process(const Invocation& invocation);      // supervise directory-recover learn probe
int run_webmail(const Invocation& invocation);      // webmail
int run_certificates(const Invocation& invocation); // certificates ...
int run_api(const Invocation& invocation);          // admin key audit
int run_import(const Invocation& invocation);       // import
int run_reference(const Invocation& invocation);    // man-page completion

} // namespace vectis::cli
