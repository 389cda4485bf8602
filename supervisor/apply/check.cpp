#include "apply/check.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace vectis::apply {

namespace {

struct Checker {
    std::string_view service;
    std::array<std::string_view, 3> command;
    std::array<std::string_view, 3> writable{}; // what it opens for writing, as it would at its start
    std::string_view resolver{};                // what stands for /etc/resolv.conf, as in its unit
};

// Redis has no checker; its file is proven by its start.
constexpr std::array checkers{
    Checker{"unbound", {"/usr/sbin/unbound-checkconf"}},
    Checker{"rspamd", {"/usr/bin/rspamadm", "configtest"}},
    Checker{"dovecot", {"/usr/bin/doveconf", "-n"}},
    // It compares the host's files with their copies in the queue directory, and brings those up to date.
    Checker{"postfix", {"/usr/sbin/postfix", "check"}, {"/var/spool/postfix"}, "/usr/share/vectis/resolv.conf"},
    Checker{"webmail", {"/usr/bin/vectis", "webmail", "--test"}},
    Checker{"nginx", {"/usr/sbin/nginx", "-t", "-q"}, {"/run", "/var/log/nginx", "/var/lib/nginx"}},
    Checker{"fail2ban", {"/usr/bin/fail2ban-client", "--test"}},
};

/// postfix(1) warns of every symlinked main.cf and exits 0; any other warning of it is a fault all the same.
bool is_fault(std::string_view line) {
    return line.find("warning:") != std::string_view::npos &&
           line.find("group or other writable") == std::string_view::npos;
}

std::vector<Problem> problems_in(std::string_view service, const Finished& finished) {
    std::vector<Problem> problems;
    for (const auto& line : split(finished.err + "\n" + finished.out, '\n')) {
        if (line.empty() || (finished.status == 0 && !(service == "postfix" && is_fault(line))))
            continue;
        if (problems.size() < 20)
            problems.push_back({{}, std::string(service), printable(line), {}});
    }
    if (problems.empty() && finished.status != 0)
        problems.push_back({{}, std::string(service), fmt::format("exit status {}", finished.status), {}});
    return problems;
}

} // namespace

void check(systemd::Manager& manager, const state::Paths& paths, std::uint64_t current, std::uint64_t number,
           const std::vector<render::Placement>& elsewhere, const std::vector<std::string>& services) {
    std::vector<systemd::Bind> binds;
    if (number != current)
        binds.push_back({paths.generation(number), paths.generation(current)});
    for (const auto& placement : elsewhere)
        binds.push_back({paths.generation(number) / placement.path, placement.where});

    std::vector<Problem> problems;
    for (const auto& checker : checkers) {
        if (std::find(services.begin(), services.end(), checker.service) == services.end())
            continue;
        systemd::Transient transient;
        transient.name = fmt::format("check-{}", checker.service);
        for (const auto word : checker.command) {
            if (!word.empty())
                transient.arguments.emplace_back(word);
        }
        for (const auto path : checker.writable) {
            if (!path.empty())
                transient.writable.emplace_back(path);
        }
        transient.read_only_binds = binds;
        if (!checker.resolver.empty())
            transient.read_only_binds.push_back({checker.resolver, "/etc/resolv.conf"});
        const auto found = problems_in(checker.service, manager.run_transient(transient));
        problems.insert(problems.end(), found.begin(), found.end());
    }
    if (!problems.empty())
        throw Error(Code::check_failed, "cannot use the new configuration: a daemon's own checker refuses it",
                    "nothing was switched; this is a fault of a template or of a value in config.yaml",
                    std::move(problems));
}

} // namespace vectis::apply
