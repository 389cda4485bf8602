// config check | show | get | set | schema | example.
#include "base/json.hpp"
#include "cli/invocation.hpp"
#include "config/describe.hpp"
#include "config/edit.hpp"
#include "config/load.hpp"
#include "config/write.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

namespace vectis::cli {

namespace {

config::Config load(const Invocation& invocation, const std::string& text) {
    return config::load_valid(text, invocation.config_file().string());
}

int check(const Invocation& invocation) {
    const config::Config config = load(invocation, state::read_config(invocation.config_file()));
    std::size_t mailboxes = 0;
    std::size_t aliases = 0;
    for (const auto& domain : config.domains) {
        mailboxes += domain.mailboxes.size();
        aliases += domain.aliases.size();
    }
    if (invocation.json())
        print(to_pretty_text(
            {{"valid", true}, {"domains", config.domains.size()}, {"mailboxes", mailboxes}, {"aliases", aliases}}));
    else
        print(fmt::format("{}: valid; {} domains, {} mailboxes, {} aliases\n", invocation.config_file().string(),
                          config.domains.size(), mailboxes, aliases));
    return 0;
}

int set(const Invocation& invocation) {
    const fs::path file = invocation.config_file();
    const std::string text = config::set(state::read_config(invocation.config_file()), file.string(),
                                         invocation.value("KEY").value_or(""), invocation.value("VALUE").value_or(""));
    load(invocation, text);
    if (invocation.has("--dry-run")) {
        print(text);
        return 0;
    }
    struct stat status {};
    if (stat(file.c_str(), &status) != 0)
        throw system_error(errno, fmt::format("cannot look at '{}'", file.string()));
    const std::string group = file == invocation.paths.config() ? "vectis" : "";
    replace_file(file, text, {.mode = status.st_mode & 0777U, .group = group});
    note(fmt::format("{} changed; 'vectis plan' shows what that means, 'vectis apply' does it", file.string()));
    return 0;
}

} // namespace

int run_config(const Invocation& invocation) {
    switch (invocation.command) {
    case surface::Command::config_check:
        return check(invocation);
    case surface::Command::config_show:
        print(config::to_yaml(load(invocation, state::read_config(invocation.config_file())), config::Hashes::hidden));
        return 0;
    case surface::Command::config_get:
        print(config::get(state::read_config(invocation.config_file()), invocation.config_file().string(),
                          invocation.value("KEY").value_or("")) +
              "\n");
        return 0;
    case surface::Command::config_set:
        return set(invocation);
    case surface::Command::config_example:
        print(config::example());
        return 0;
    default:
        print(config::json_schema());
        return 0;
    }
}

} // namespace vectis::cli
