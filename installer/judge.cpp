#include "base/text.hpp"
#include "installer/preflight.hpp"
#include "installer/releases.hpp"
#include "net/addresses.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vectis::installer {

namespace {

Check judge_release(const HostFacts& host) {
    const bool known = std::any_of(releases.begin(), releases.end(), [&](const Release& each) {
        return each.id == host.release_id && each.version == host.release_version;
    });
    const bool built = std::find(machines.begin(), machines.end(), host.machine) != machines.end();
    const std::string found = fmt::format("{} on {}", host.release_name, host.machine);
    if (known && built)
        return passed("release", found);
    std::vector<std::string> names;
    for (const auto& each : releases)
        names.emplace_back(each.name);
    return failed("release", found, fmt::format("{} on x86_64", join(names, " or ")),
                  "install Vectis on a server with that release");
}

Check judge_init(const HostFacts& host) {
    const std::string where = host.container.empty() ? "" : fmt::format(" in a container ({})", host.container);
    if (host.systemd)
        return passed("init", "systemd" + where);
    return failed("init", "systemd does not run" + where, "systemd as the system's init",
                  "use a server or virtual machine that boots with systemd");
}

Check judge_memory(const HostFacts& host) {
    if (host.memory >= 1900 * mebibyte)
        return passed("memory", about(host.memory));
    if (host.memory >= 900 * mebibyte)
        return warned("memory", about(host.memory), "2 GiB or more",
                      "enough for a few mailboxes; leave clamav off and add memory as mail grows");
    return failed("memory", about(host.memory), "1 GiB at least, 2 GiB or more for comfort",
                  "give the server more memory");
}

Check judge_disk(const HostFacts& host) {
    if (!host.read_only.empty())
        return failed("disk", fmt::format("{} cannot be written (mounted read-only)", join(host.read_only, ", ")),
                      "folders that can be written", "mount them read-write: 'findmnt' shows how they are mounted");
    if (host.files_total != 0 && host.files_free < 10'000)
        return failed("disk", fmt::format("room for {} more files", host.files_free), "room for 10,000 files at least",
                      "each mail is a file: use a file system with more inodes under /var/vmail");
    if (host.disk_free >= 10 * gibibyte)
        return passed("disk", about(host.disk_free) + " free for mail");
    if (host.disk_free >= 2 * gibibyte)
        return warned("disk", about(host.disk_free) + " free for mail", "10 GiB or more",
                      "mount a larger file system at /var/vmail, or set quotas");
    return failed("disk", about(host.disk_free) + " free for mail", "2 GiB at least, 10 GiB or more for comfort",
                  "free some space, or mount a larger file system at /var/vmail");
}

Check judge_clock(const HostFacts& host) {
    const std::string stamp = rfc3339(host.now);
    // Before this program was written no clock can be right.
    if (host.now < parse_rfc3339("2026-01-01T00:00:00.000Z"))
        return failed("clock", stamp, "the present time",
                      "set the clock: timedatectl set-time, or timedatectl set-ntp true");
    switch (host.clock) {
    case ClockState::synchronized:
        return passed("clock", stamp + ", synchronized");
    case ClockState::unsynchronized:
        return warned(
            "clock", stamp + ", not synchronized", "a clock that a time service keeps right",
            "apt install systemd-timesyncd && timedatectl set-ntp true; a wrong clock breaks TLS, DNSSEC and DKIM");
    case ClockState::unknown:
        break;
    }
    if (!host.container.empty())
        return passed("clock", stamp + ", kept by the host of this container");
    return warned("clock", stamp + ", the kernel does not say whether it is synchronized", "a synchronized clock",
                  "look with 'timedatectl'");
}

struct Port {
    std::uint16_t number;
    std::string_view use;
    bool optional; // only some configurations need it
};
constexpr std::array ports{Port{25, "SMTP", false},         Port{465, "submissions", false},
                           Port{587, "submission", false},  Port{143, "IMAP", false},
                           Port{993, "IMAPS", false},       Port{995, "POP3S", true},
                           Port{4190, "ManageSieve", true}, Port{53, "DNS", false},
                           Port{80, "HTTP", false},         Port{443, "HTTPS", false}};
constexpr std::array<std::string_view, 6> suite{"postfix@-.service", "postfix.service", "dovecot.service",
                                                "rspamd.service",    "unbound.service", "nginx.service"};

bool ours(const Listener& listener) {
    return listener.unit.starts_with("vectis") || std::find(suite.begin(), suite.end(), listener.unit) != suite.end();
}

/// Our resolver listens on 127.0.0.1 and ::1 only: somebody on another loopback address is in nobody's way.
bool in_the_way(const Listener& listener, const Port& port) {
    if (listener.port != port.number || (listener.udp && port.number != 53))
        return false;
    return port.number != 53 || listener.address == "0.0.0.0" || listener.address == "::" ||
           listener.address == "127.0.0.1" || listener.address == "::1";
}

bool needed(const Port& port, const Facts& facts) {
    return !port.optional || (port.number == 995 && facts.pop3) || (port.number == 4190 && facts.managesieve);
}

Check judge_ports(const Facts& facts) {
    std::vector<std::string> taken;
    std::vector<std::string> processes;
    bool stops = false;
    for (const auto& port : ports) {
        for (const auto& listener : facts.host.listeners) {
            if (!in_the_way(listener, port) || ours(listener))
                continue;
            const std::string who = listener.process.empty() ? "an unknown process"
                                    : listener.unit.empty()
                                        ? fmt::format("{} (process {})", listener.process, listener.pid)
                                        : fmt::format("{} ({})", listener.process, listener.unit);
            taken.push_back(fmt::format("{} ({}) by {}", port.number, port.use, who));
            processes.push_back(listener.unit.empty() ? listener.process : listener.unit);
            stops = stops || needed(port, facts);
            break; // IPv4, IPv6, TCP and UDP are the same program in practice: one line each port
        }
    }
    if (taken.empty())
        return passed("ports", "no other program has the ports of mail, web and DNS");
    const std::string found = "taken: " + join(taken, "; ");
    const std::string hint = !facts.host.root
                                 ? "run preflight as root to see who it is"
                                 : fmt::format("stop and disable it: systemctl disable --now {}", processes.front());
    if (stops)
        return failed("ports", found, "the ports free, or held by Vectis's own daemons", hint);
    return warned("ports", found, "free ports: POP3 and ManageSieve need them when they are used", hint);
}

Check judge_exim(const HostFacts& host) {
    if (host.exim_installed)
        return failed("exim4", "exim4 is installed", "no other mail server", "apt purge exim4-base exim4-config");
    if (host.exim_queued != 0)
        return warned("exim4", fmt::format("{} messages are left in the queue of a removed exim4", host.exim_queued),
                      "an empty /var/spool/exim4/input",
                      "deliver them from another server, or remove the folder if they are not wanted");
    return passed("exim4", "not installed");
}

bool is_hostname(const std::string& name) {
    const auto labels = split(name, '.');
    return name.size() <= 253 && labels.size() >= 2 &&
           std::all_of(labels.begin(), labels.end(),
                       [](const auto& label) {
                           return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
                                  label.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
                       }) &&
           labels.back().find_first_not_of("0123456789") != std::string::npos;
}

Check judge_hostname(const Facts& facts) {
    const std::string& name = facts.hostname;
    if (is_hostname(name) && name != "localhost.localdomain")
        return passed("hostname", name);
    return failed("hostname", name.empty() ? "no name" : fmt::format("'{}'", printable(name)),
                  "a full name such as mail.example.org, in a domain of yours",
                  "hostnamectl set-hostname mail.example.org, or set 'hostname' in config.yaml");
}

std::string say(const net::Answer& answer) {
    switch (answer.status) {
    case net::Status::found:
        return join(answer.values, ", ");
    case net::Status::no_data:
        return "none";
    case net::Status::no_such_name:
        return "none (no such name)";
    case net::Status::bogus:
        return "a forged or broken answer (" + answer.why + ")";
    case net::Status::timed_out:
    case net::Status::failed:
        break;
    }
    return "no answer (" + answer.why + ")";
}

bool has_public(const HostFacts& host, bool ipv6) {
    return std::any_of(host.addresses.begin(), host.addresses.end(),
                       [&](const auto& each) { return net::is_public(each) && net::is_ipv6(each) == ipv6; });
}

/// Values of a DNS answer that are none of the server's own addresses.
std::vector<std::string> foreign(const net::Answer& answer, const HostFacts& host) {
    std::vector<std::string> values;
    std::copy_if(answer.values.begin(), answer.values.end(), std::back_inserter(values), [&](const auto& each) {
        return std::find(host.addresses.begin(), host.addresses.end(), each) == host.addresses.end();
    });
    return values;
}

constexpr auto publish = "publish it where the domain's DNS is kept; 'vectis dns' prints the record";

Check judge_address(const Facts& facts) {
    const auto& a = facts.network.a;
    if (!a.found())
        return warned("address_record", fmt::format("A record of {}: {}", facts.hostname, say(a)),
                      "the server's public IPv4 address", publish);
    if (!has_public(facts.host, false))
        return warned(
            "address_record",
            fmt::format("A record of {}: {}; the server has no public IPv4 address of its own", facts.hostname, say(a)),
            "an address that leads to this server",
            "behind NAT, forward ports 25, 465, 587, 993 (and 80, 443) of that address to this server");
    if (const auto others = foreign(a, facts.host); !others.empty())
        return warned("address_record", fmt::format("A record of {}: {}", facts.hostname, say(a)),
                      "only addresses of this server",
                      fmt::format("remove {} from DNS, or add it to this server", join(others, ", ")));
    return passed("address_record", fmt::format("A record of {}: {}", facts.hostname, say(a)));
}

Check judge_ipv6(const Facts& facts) {
    const auto& aaaa = facts.network.aaaa;
    const bool own = has_public(facts.host, true);
    if (!own && !aaaa.found())
        return passed("ipv6", "no public IPv6 address; mail goes over IPv4");
    if (!own)
        return warned(
            "ipv6",
            fmt::format("AAAA record of {}: {}; the server has no public IPv6 address", facts.hostname, say(aaaa)),
            "an address that leads to this server", "remove the AAAA record, or give the server that address");
    if (!aaaa.found())
        return warned(
            "ipv6",
            fmt::format("AAAA record of {}: {}; the server has a public IPv6 address", facts.hostname, say(aaaa)),
            "an AAAA record: mail that leaves over IPv6 is refused without one",
            std::string(publish) + "; or set 'network: ipv6: false' in config.yaml");
    if (const auto others = foreign(aaaa, facts.host); !others.empty())
        return warned("ipv6", fmt::format("AAAA record of {}: {}", facts.hostname, say(aaaa)),
                      "only addresses of this server",
                      fmt::format("remove {} from DNS, or add it to this server", join(others, ", ")));
    return passed("ipv6", fmt::format("AAAA record of {}: {}", facts.hostname, say(aaaa)));
}

Check judge_reverse(const Facts& facts) {
    std::vector<std::string> wrong;
    std::vector<std::string> right;
    for (const auto& each : facts.network.addresses) {
        const bool named = std::find(each.confirmed_names.begin(), each.confirmed_names.end(), facts.hostname) !=
                           each.confirmed_names.end();
        if (named)
            right.push_back(each.address);
        else if (each.names.found() && !each.confirmed)
            wrong.push_back(fmt::format("{}: {}, which does not lead back", each.address, say(each.names)));
        else
            wrong.push_back(fmt::format("{}: {}", each.address, say(each.names)));
    }
    if (right.empty() && wrong.empty())
        return warned("reverse_dns", "no public address to ask about", "a PTR record for the server's public address",
                      "publish the hostname's A record first, then run preflight again");
    if (wrong.empty())
        return passed("reverse_dns", fmt::format("{} of {}", facts.hostname, join(right, ", ")));
    return warned("reverse_dns", join(wrong, "; "), fmt::format("PTR records that say {}", facts.hostname),
                  "ask whoever gives you the address (the hosting company's panel has it): many receivers refuse mail "
                  "without it");
}

Check judge_outbound(const Facts& facts) {
    std::vector<std::string> tried;
    for (const auto& each : facts.network.reached) {
        if (each.reached)
            return passed("outbound_25", fmt::format("{} ({}) answers", each.host, each.domain));
        if (!each.host.empty())
            tried.push_back(fmt::format("{}: {}", each.host, each.found));
    }
    if (facts.relays)
        return passed("outbound_25", "not needed: mail leaves through network.relay_host");
    if (tried.empty())
        return warned("outbound_25", "could not be tried: DNS knows no mail server of the domains that are used for it",
                      "a way out to port 25 of other mail servers", "try again when DNS works");
    return failed(
        "outbound_25", join(tried, "; "), "an answer from port 25 of at least one of them",
        "many hosting companies close port 25: ask them to open it, or set 'network: relay_host' in config.yaml");
}

Check judge_blocklists(const Facts& facts) {
    std::vector<std::string> listed;
    std::vector<std::string> unusable;
    std::vector<std::string> clean;
    for (const auto& each : facts.network.blocklists) {
        if (!each.usable)
            unusable.push_back(fmt::format("{}: {}", each.zone, each.why));
        else if (each.listed.empty())
            clean.push_back(each.zone);
        for (const auto& address : each.listed)
            listed.push_back(fmt::format("{} lists {}", each.zone, address));
    }
    if (!listed.empty())
        return warned(
            "blocklists", join(listed, "; "), "no listing",
            "ask for removal on the list's web site, or for another address; until then receivers refuse mail");
    if (facts.network.addresses.empty())
        return warned("blocklists", "no public address to ask about", "a public address",
                      "publish the hostname's A record first, then run preflight again");
    if (clean.empty())
        return warned("blocklists", "could not be asked: " + join(unusable, "; "), "an answer from at least one list",
                      "lists refuse large public resolvers; Vectis brings its own, so ask again with 'vectis "
                      "preflight' after setup");
    std::string found = "not on " + join(clean, ", ");
    if (!unusable.empty())
        found += "; could not be asked: " + join(unusable, "; ");
    return passed("blocklists", found);
}

Check judge_resolver(const Facts& facts) {
    if (facts.network.resolver_validates)
        return passed("resolver", "answers, and its answers can be validated");
    if (facts.network.resolver_answers)
        return warned("resolver", "answers, but strips DNSSEC signatures", "answers that can be validated",
                      "nothing to do: Vectis brings its own resolver, unbound");
    return failed("resolver", fmt::format("no answer ({})", facts.network.resolver_why), "a resolver that answers",
                  "look at /etc/resolv.conf and at the firewall (UDP and TCP port 53 outwards)");
}

Check unknown(std::string name) {
    return warned(std::move(name), "not asked: DNS does not answer", "DNS that answers", "see 'resolver'");
}

} // namespace

const std::vector<std::string_view>& check_names() {
    static const std::vector<std::string_view> names{
        "release",  "init",     "memory",         "disk", "clock",       "ports",       "exim4",
        "hostname", "resolver", "address_record", "ipv6", "reverse_dns", "outbound_25", "blocklists"};
    return names;
}

std::vector<Check> judge(const Facts& facts) {
    std::vector<Check> checks{judge_release(facts.host), judge_init(facts.host),  judge_memory(facts.host),
                              judge_disk(facts.host),    judge_clock(facts.host), judge_ports(facts),
                              judge_exim(facts.host),    judge_hostname(facts),   judge_resolver(facts)};
    if (facts.network.resolver_answers) {
        for (auto&& check : {judge_address(facts), judge_ipv6(facts), judge_reverse(facts), judge_outbound(facts),
                             judge_blocklists(facts)})
            checks.push_back(check);
    } else {
        for (const auto* name : {"address_record", "ipv6", "reverse_dns", "outbound_25", "blocklists"})
            checks.push_back(unknown(name));
    }
    return checks;
}

std::vector<Check> blocking(const std::vector<Check>& checks, const std::set<std::string>& ignored) {
    std::vector<Check> found;
    std::copy_if(checks.begin(), checks.end(), std::back_inserter(found),
                 [&](const Check& each) { return each.verdict == Verdict::fail && !ignored.contains(each.name); });
    return found;
}

} // namespace vectis::installer
