// bans, ban, unban: what fail2ban holds. Asked of fail2ban itself, so an administrator's own jails are in the list.
#include "base/clock.hpp"
#include "base/ip_network.hpp"
#include "base/json.hpp"
#include "base/subprocess.hpp"
#include "base/text.hpp"
#include "cli/invocation.hpp"
#include "state/observed.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <ctime>
#include <vector>

namespace vectis::cli {

namespace {

/// The jail of `vectis ban` in templates/fail2ban/jail.d.
constexpr const char* manual_jail = "vectis-manual";

std::string ask_fail2ban(std::vector<std::string> words) {
    words.insert(words.begin(), "fail2ban-client");
    const Finished finished = run(words, std::chrono::seconds(20));
    if (finished.status != 0)
        throw Error(Code::unavailable,
                    fmt::format("cannot ask fail2ban: {}", printable(trim(finished.err + finished.out))),
                    "systemctl status fail2ban");
    return finished.out;
}

std::vector<std::string> jails() {
    constexpr std::string_view label = "Jail list:";
    const std::string status = ask_fail2ban({"status"});
    const auto at = status.find(label);
    std::vector<std::string> names;
    if (at == std::string::npos)
        return names;
    for (const auto& name : split(split(std::string_view(status).substr(at + label.size()), '\n').front(), ',')) {
        if (!trim(name).empty())
            names.emplace_back(trim(name));
    }
    return names;
}

struct Ban {
    std::string address;
    std::string jail;
    std::string since;
    std::string until; // empty: for ever
};

/// fail2ban tells local times: "2026-11-25 01:48:04".
std::string utc(const std::string& local) {
    std::tm fields{};
    if (strptime(local.c_str(), "%Y-%m-%d %H:%M:%S", &fields) == nullptr)
        return {};
    fields.tm_isdst = -1;
    return rfc3339(Time(std::chrono::seconds(std::mktime(&fields))));
}

/// Lines such as "198.51.100.77 \t2026-11-25 01:48:04 + 600 = 2026-11-25 01:58:04"; for ever is "+ -1 = 9999-...".
std::vector<Ban> bans_of(const std::string& jail) {
    std::vector<Ban> found;
    for (const auto& line : split(ask_fail2ban({"get", jail, "banip", "--with-time"}), '\n')) {
        const auto tab = line.find('\t');
        const auto equals = line.find(" = ");
        if (tab == std::string::npos || equals == std::string::npos)
            continue;
        const bool for_ever = line.find("+ -1 =") != std::string::npos;
        found.push_back({printable(trim(std::string_view(line).substr(0, tab))), jail, utc(line.substr(tab + 1, 19)),
                         for_ever ? "" : utc(line.substr(equals + 3))});
    }
    return found;
}

int list(bool json) {
    std::vector<Ban> all;
    for (const auto& jail : jails()) {
        const auto found = bans_of(jail);
        all.insert(all.end(), found.begin(), found.end());
    }
    if (json) {
        Json bans = Json::array();
        for (const auto& ban : all)
            bans.push_back({{"address", ban.address},
                            {"jail", ban.jail},
                            {"since", ban.since},
                            {"until", ban.until.empty() ? Json(nullptr) : Json(ban.until)}});
        print(to_pretty_text({{"bans", std::move(bans)}}));
        return 0;
    }
    if (all.empty()) {
        print("Nobody is banned.\n");
        return 0;
    }
    std::string out = fmt::format("{:<40} {:<20} {:<26} {}\n", "ADDRESS", "JAIL", "SINCE", "UNTIL");
    for (const auto& ban : all)
        out += fmt::format("{:<40} {:<20} {:<26} {}\n", ban.address, ban.jail, ban.since,
                           ban.until.empty() ? "for ever" : ban.until);
    print(out);
    return 0;
}

IpNetwork address_of(const Invocation& invocation, std::string_view verb) {
    const std::string text = invocation.value("ADDRESS").value_or("");
    const auto address = parse_ip_network(text);
    if (!address || !address->single())
        throw Error(Code::invalid_input,
                    fmt::format("cannot {} '{}': it is not an IP address", verb, printable(text.substr(0, 60))),
                    address ? "only single addresses are banned, no networks" : "write it as 192.0.2.1 or 2001:db8::1");
    return *address;
}

/// Throws if a ban would hit this server itself, its probes, or what `bans.never` says.
void refuse_exempt(const IpNetwork& address, const state::Paths& paths) {
    for (const auto& [interface, own] : state::observe_platform(paths).interface_addresses) {
        for (const auto& each : own) {
            if (parse_ip_network(each) == address)
                throw Error(Code::invalid_input,
                            fmt::format("cannot ban {}: it is this server's own address, on {}", address.text(),
                                        printable(interface)),
                            "name somebody else's address; 'vectis bans' lists who is banned");
        }
    }
    // "|- 127.0.0.0/8"
    for (const auto& line : split(ask_fail2ban({"get", manual_jail, "ignoreip"}), '\n')) {
        const auto never = line.size() > 3 ? parse_ip_network(trim(std::string_view(line).substr(3))) : std::nullopt;
        if (never && never->contains(address))
            throw Error(Code::invalid_input,
                        fmt::format("cannot ban {}: {} is never banned", address.text(), never->text()),
                        "loopback and the probes' networks are exempt, and what `bans.never` in config.yaml names");
    }
}

int ban(const Invocation& invocation) {
    const IpNetwork address = address_of(invocation, "ban");
    const auto known = jails();
    if (std::find(known.begin(), known.end(), manual_jail) == known.end())
        throw Error(Code::conflict, "cannot ban: bans are off in config.yaml",
                    "vectis config set bans.enabled true, then vectis apply");
    refuse_exempt(address, invocation.paths);
    ask_fail2ban({"set", manual_jail, "banip", address.text()});
    note(fmt::format("{} is banned; 'vectis bans' says until when", address.text()));
    return 0;
}

int unban(const Invocation& invocation) {
    const IpNetwork address = address_of(invocation, "unban");
    // It answers how many jails had it.
    if (trim(ask_fail2ban({"unban", address.text()})) == "0")
        throw Error(Code::not_found, fmt::format("cannot unban {}: it is not banned", address.text()),
                    "'vectis bans' lists who is");
    note(fmt::format("{} is let in again", address.text()));
    return 0;
}

} // namespace

int run_bans(const Invocation& invocation) {
    switch (invocation.command) {
    case surface::Command::ban:
        require_root("ban anybody");
        return ban(invocation);
    case surface::Command::unban:
        require_root("unban anybody");
        return unban(invocation);
    default:
        require_root("list bans");
        return list(invocation.json());
    }
}

} // namespace vectis::cli
