#include "cli/run.hpp"

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "cli/invocation.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <csignal>
#include <cstdio>
#include <exception>
#include <memory>

namespace vectis::cli {

namespace {

using surface::ArgumentKind;
using surface::Command;
using surface::CommandRow;

struct Group {
    int (*run)(const Invocation&);
    std::vector<Command> commands;
};

const std::vector<Group>& groups() {
    static const std::vector<Group> all{
        {run_operate, {Command::plan, Command::apply, Command::generations, Command::rollback}},
        {run_config,
         {Command::config_check, Command::config_show, Command::config_get, Command::config_set, Command::config_schema,
          Command::config_example}},
        {run_server, {Command::status, Command::health, Command::logs, Command::restart, Command::export_yaml}},
        {run_bans, {Command::bans, Command::ban, Command::unban}},
        {run_install, {Command::preflight, Command::setup, Command::dns, Command::hash_password}},
        {run_password, {Command::mailbox_password, Command::password_service}},
        {run_process,
         {Command::supervise, Command::directory_recover, Command::mail_recover, Command::learn, Command::probe}},
        {run_webmail, {Command::webmail}},
        {run_certificates,
         {Command::certificates_list, Command::certificates_renew, Command::certificates_request,
          Command::certificates_deploy}},
        {run_api, {Command::admin_totp, Command::api}},
        {run_import, {Command::import}},
        {run_reference, {Command::man_page, Command::completion}},
    };
    return all;
}

int dispatch(const Invocation& invocation) {
    for (const auto& group : groups()) {
        if (std::find(group.commands.begin(), group.commands.end(), invocation.command) != group.commands.end())
            return group.run(invocation);
    }
    throw Error(Code::internal, "a command of the table has no code");
}

/// Values as they are parsed, one slot per argument; they outlive CLI11's options, which point at them.
struct Slot {
    std::string name;
    bool flag = false;
    std::string text;
    CLI::Option* option = nullptr;
};

struct Leaf {
    CLI::App* app = nullptr;
    const CommandRow* row = nullptr;
    std::vector<std::unique_ptr<Slot>> slots;
};

CLI::App* child(CLI::App& parent, const std::string& word, const std::string& summary) {
    for (auto* each : parent.get_subcommands({})) {
        if (each->get_name() == word)
            return each;
    }
    auto* made = parent.add_subcommand(word, summary);
    made->set_help_flag("-h,--help", "Show this help");
    return made;
}

Leaf make_leaf(CLI::App& root, const CommandRow& row) {
    Leaf leaf;
    leaf.row = &row;
    CLI::App* app = &root;
    const auto words = split(row.path, ' ');
    for (std::size_t i = 0; i < words.size(); ++i) {
        const bool last = i + 1 == words.size();
        app = child(*app, words[i], std::string(last ? row.summary : surface::group_summary(words[i])));
        if (!last)
            app->require_subcommand(1);
    }
    if (row.hidden)
        app->group("");
    leaf.app = app;
    for (const auto& argument : row.arguments) {
        auto slot = std::make_unique<Slot>();
        slot->name = argument.name;
        const std::string name(argument.name);
        const std::string help(argument.help);
        switch (argument.kind) {
        case ArgumentKind::flag:
            slot->option = app->add_flag(name, slot->flag, help);
            break;
        case ArgumentKind::option:
            slot->option = app->add_option(name, slot->text, help)->type_name(std::string(argument.value));
            break;
        case ArgumentKind::positional:
            slot->option = app->add_option(name, slot->text, help)->type_name("");
            break;
        }
        slot->option->required(argument.required);
        leaf.slots.push_back(std::move(slot));
    }
    return leaf;
}

/// "unknown command 'plna'; did you mean 'plan'?"
std::string command_hint(const std::vector<std::string>& typed) {
    std::vector<std::string_view> paths;
    for (const auto& row : surface::commands()) {
        if (!row.hidden)
            paths.push_back(row.path);
    }
    for (std::size_t words = std::min<std::size_t>(2, typed.size()); words > 0; --words) {
        const std::string text = join({typed.begin(), typed.begin() + static_cast<std::ptrdiff_t>(words)}, " ");
        if (const auto near = nearest(text, paths))
            return fmt::format("did you mean 'vectis {}'?", *near);
    }
    return "'vectis --help' lists the commands";
}

int fail(const Error& error, bool json) {
    if (json) {
        Json problems = Json::array();
        for (const auto& problem : error.problems())
            problems.push_back({{"file", problem.where.file},
                                {"line", problem.where.line},
                                {"column", problem.where.column},
                                {"path", problem.path},
                                {"what", problem.what},
                                {"hint", problem.hint}});
        print(to_pretty_text({{"error", info(error.code()).name},
                              {"message", error.what()},
                              {"hint", error.hint()},
                              {"problems", std::move(problems)}}));
    } else {
        note("vectis: " + error.text());
    }
    return info(error.code()).exit_status;
}

} // namespace

int run(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    CLI::App app("Vectis: a complete mail server from one config.yaml", "vectis");
    app.set_help_flag("-h,--help", "Show this help");
    app.set_version_flag("--version", std::string("vectis ") + VECTIS_VERSION);
    app.require_subcommand(1);
    std::vector<Leaf> leaves;
    for (const auto& row : surface::commands())
        leaves.push_back(make_leaf(app, row));
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp& help) {
        return app.exit(help);
    } catch (const CLI::CallForVersion& version) {
        return app.exit(version);
    } catch (const CLI::ParseError& error) {
        std::vector<std::string> typed;
        for (int i = 1; i < argc; ++i) {
            if (argv[i][0] != '-')
                typed.emplace_back(printable(argv[i]));
        }
        const auto is_first_word = [&](const CommandRow& row) { return split(row.path, ' ').front() == typed.front(); };
        const bool known =
            typed.empty() || std::any_of(surface::commands().begin(), surface::commands().end(), is_first_word);
        note(known ? fmt::format("vectis: cannot understand the command: {}", printable(error.what()))
                   : fmt::format("vectis: cannot find a command '{}'", typed.front()));
        note("hint: " + command_hint(typed));
        return 1;
    }
    Invocation invocation;
    invocation.paths.credentials = environment("CREDENTIALS_DIRECTORY").value_or("");
    for (const auto& leaf : leaves) {
        if (!leaf.app->parsed())
            continue;
        invocation.command = leaf.row->command;
        invocation.row = leaf.row;
        for (const auto& slot : leaf.slots) {
            if (slot->option->count() > 0)
                invocation.values[slot->name] = slot->flag ? "true" : slot->text;
        }
    }
    try {
        return dispatch(invocation);
    } catch (const std::exception& fault) {
        return fail(as_error(fault), invocation.json());
    }
}

} // namespace vectis::cli
