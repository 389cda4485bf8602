// How work is refused. What stops the work is an Error, thrown; what is wrong with somebody's input is a list of
// Problems, reported all at once. Library folders throw and do not log; the four edges (CLI main, HTTP dispatcher,
// D-Bus callback, worker loop) catch.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace vectis {

enum class Code : std::uint8_t {
    internal,          // our bug
    invalid_input,     // the caller's text or value is wrong
    not_found,         // the named thing does not exist
    conflict,          // the thing exists already, or is owned by somebody else
    managed_by_config, // config.yaml declares it, and is where it is changed
    stale,             // the plan was made from a state that is no longer there
    changed_meanwhile, // somebody was faster (If-Match)
    busy,              // another apply, update or rollback is running
    denied,            // the caller may not do this
    unavailable,       // a daemon, the bus or the supervisor does not answer
    system,            // the operating system refused (disk full, read-only, permissions)
    check_failed,      // a daemon's own checker refused the new configuration
    unit_failed,       // a unit did not reach the state it was asked to
    probe_failed,      // mail did not work after the change
    not_supported,     // this release or file system cannot do it
};

/// One row of the table that maps a code to the outside: exit status, D-Bus error name, HTTP status.
struct CodeInfo {
    Code code;
    std::string_view name;
    int exit_status;
    int http_status;
};

/// The row of `code`. Every code has one.
[[nodiscard]] const CodeInfo& info(Code code);
/// The code with this name; `internal` if there is none (a newer peer).
[[nodiscard]] Code code_named(std::string_view name);

/// Where in a text a problem is; line and column count from 1, 0 means unknown.
struct Place {
    std::string file;
    std::uint32_t line = 0;
    std::uint32_t column = 0;

    [[nodiscard]] std::string text() const;
};

/// One thing wrong with an input. `path` is the key or JSON pointer, `what` says what was found and what was expected.
struct Problem {
    Place where;
    std::string path;
    std::string what;
    std::string hint;

    [[nodiscard]] std::string text() const;
};

/// What stops the work. what() is one line without the hint.
class Error : public std::runtime_error {
  public:
    Error(Code code, const std::string& message, std::string hint = {}, std::vector<Problem> problems = {});

    [[nodiscard]] Code code() const noexcept { return code_; }
    [[nodiscard]] const std::string& hint() const noexcept { return hint_; }
    [[nodiscard]] const std::vector<Problem>& problems() const noexcept { return problems_; }

    /// For people: the message, each problem on a line of its own, the hint.
    [[nodiscard]] std::string text() const;

  private:
    Code code_;
    std::string hint_;
    std::vector<Problem> problems_;
};

/// Any exception as an Error: itself, a file system's as `system`, everything else as `internal`.
[[nodiscard]] Error as_error(const std::exception& exception);

/// What somebody is told who wanted to change a resource as they had read it, and who is too late.
[[nodiscard]] Error changed_meanwhile();

/// An Error of code `system` that ends in the text of errno `number`.
[[nodiscard]] Error system_error(int number, const std::string& what, std::string hint = {});

} // namespace vectis
