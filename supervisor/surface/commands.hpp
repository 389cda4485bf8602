// THE table of commands: parsing, help, shell completion and the man page are derived from it.
#pragma once

#include "surface/routes.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace vectis::surface {

enum class ArgumentKind : std::uint8_t {
    flag,       // --json
    option,     // --config FILE
    positional, // PATH
};

struct Argument {
    ArgumentKind kind = ArgumentKind::flag;
    std::string_view name;  // "--json", or "SERVICE" for a positional
    std::string_view value; // what stands for the value in the help: FILE
    std::string_view help;
    bool required = false;
};

enum class Command : std::uint8_t {
    preflight,
    setup,
    config_check,
    config_show,
    config_get,
    config_set,
    config_schema,
    config_example,
    plan,
    apply,
    generations,
    rollback,
    status,
    health,
    logs,
    restart,
    bans,
    ban,
    unban,
    dns,
    export_yaml,
    hash_password,
    certificates_list,
    certificates_renew,
    certificates_request,
    certificates_deploy,
    mailbox_password,
    password_service,
    supervise,
    directory_recover,
    mail_recover,
    learn,
    webmail,
    probe,
    man_page,
    completion,
    admin_totp,
    import,
    api, // whatever the row's operation does
};

struct CommandRow {
    Command command;
    std::string_view path; // words as typed: "config check"
    std::string_view summary;
    std::span<const Argument> arguments;
    bool hidden = false; // started by units, not by people
    /// The row of the API's table that it calls. Options become properties of the body or values of the query (--rate
    /// is "rate"), the positional names the resource.
    std::optional<Operation> operation;
    std::span<const std::string_view> columns; // of a list, as people see it
};

[[nodiscard]] std::span<const CommandRow> commands();
/// What the commands that begin with this word are about.
[[nodiscard]] std::string_view group_summary(std::string_view word);

} // namespace vectis::surface
