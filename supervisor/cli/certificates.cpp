// certificates list, renew, request, deploy: what a certificate authority issues (tls.mode: acme).
#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/subprocess.hpp"
#include "base/text.hpp"
#include "cli/invocation.hpp"
#include "keys/certificate.hpp"
#include "keys/issued.hpp"
#include "net/dns.hpp"
#include "systemd/client.hpp"
#include "systemd/manager.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <set>

namespace vectis::cli {

namespace {

constexpr auto unit = "vectis-acme.service";
// As certbot has it.
constexpr std::chrono::hours renewed_when_left{30 * 24};

struct Request {
    std::string server;
    std::string email;
    std::string hostname;
    std::vector<std::string> names;
};

Request read_request(const Invocation& invocation) {
    const auto text = read_file(invocation.paths.current() / "acme/request.json");
    if (!text)
        throw Error(Code::not_found, "cannot ask for certificates: config.yaml does not say 'tls: mode: acme'",
                    "vectis config set tls.mode acme, then vectis apply");
    const Json json = parse_json(*text);
    return {json.at("server"), json.at("email"), json.at("hostname"), json.at("names")};
}

/// What became of each name when it was last asked for; an empty object at first.
Json read_outcomes(const Invocation& invocation) {
    const auto text = read_file(invocation.paths.acme() / "outcomes.json");
    return text ? parse_json(*text) : Json::object();
}

/// Throws Error(unavailable) if DNS does not say: a dead resolver is no name without addresses.
std::set<std::string> addresses_of(net::Resolver& resolver, const std::string& name) {
    std::set<std::string> found;
    for (const auto& answer : resolver.lookup_all({{name, net::RecordType::a}, {name, net::RecordType::aaaa}})) {
        if (!answer.found() && answer.status != net::Status::no_data && answer.status != net::Status::no_such_name)
            throw Error(Code::unavailable, fmt::format("cannot look '{}' up: {}", name, printable(answer.why)));
        found.insert(answer.values.begin(), answer.values.end());
    }
    return found;
}

/// Why the authority would not find this server under the name; empty if it would. The hostname is always asked for.
std::string not_here(net::Resolver& resolver, const std::string& name, const std::string& hostname) {
    if (name == hostname)
        return {};
    const auto theirs = addresses_of(resolver, name);
    if (theirs.empty())
        return "DNS has no address for it: publish what 'vectis dns' prints";
    if (theirs != addresses_of(resolver, hostname))
        return fmt::format("it does not point to {} but to {}", hostname, join({theirs.begin(), theirs.end()}, ", "));
    return {};
}

bool is_due(const fs::path& certificate, const std::string& name) {
    const auto pem = read_file(certificate);
    if (!pem)
        return true;
    const auto info = keys::certificate_info(*pem);
    return !info.covers(name) || info.not_after - renewed_when_left <= now();
}

/// certbot's own words without its frame: what the authority said.
std::string cause(const Finished& finished) {
    std::vector<std::string> kept;
    for (const auto& line : split(finished.out + "\n" + finished.err, '\n')) {
        const std::string text(trim(line));
        if (text.starts_with("Detail:") || text.starts_with("Domain:") || text.starts_with("Type:") ||
            text.find("rror") != std::string::npos)
            kept.push_back(text);
    }
    return printable(join(kept, "; ").substr(0, 1000));
}

std::string ask_supervisor(const Invocation& invocation, const Request& request, const std::string& name) {
    const fs::path folder = invocation.paths.acme();
    // The key is kept: a TLSA record for it stays true.
    const Finished finished = run({"certbot",
                                   "certonly",
                                   "--non-interactive",
                                   "--agree-tos",
                                   "--email",
                                   request.email,
                                   "--no-eff-email",
                                   "--server",
                                   request.server,
                                   "--webroot",
                                   "--webroot-path",
                                   (folder / "webroot").string(),
                                   "--domain",
                                   name,
                                   "--cert-name",
                                   name,
                                   "--keep-until-expiring",
                                   "--reuse-key",
                                   "--key-type",
                                   "ecdsa",
                                   "--config-dir",
                                   (folder / "certbot").string(),
                                   "--work-dir",
                                   (folder / "work").string(),
                                   "--logs-dir",
                                   (folder / "logs").string()},
                                  std::chrono::seconds(300));
    if (finished.status == 0)
        return {};
    const std::string found = cause(finished);
    return found.empty() ? fmt::format("certbot ended with status {}", finished.status) : found;
}

/// In vectis-acme.service. What fails for one name is noted, and the next one is asked for.
int request(const Invocation& invocation) {
    const Request request = read_request(invocation);
    net::Resolver resolver;
    Json outcomes = Json::object();
    for (const auto& name : request.names) {
        std::string why;
        bool there = true;
        try {
            why = not_here(resolver, name, request.hostname);
            there = why.empty();
            const fs::path certificate = invocation.paths.acme() / "certbot/live" / name / "fullchain.pem";
            if (there && is_due(certificate, name)) {
                note(fmt::format("vectis: asking {} for a certificate for {}", request.server, name));
                why = ask_supervisor(invocation, request, name);
            }
        } catch (const Error& error) {
            why = error.what();
        }
        if (!why.empty())
            note(fmt::format("vectis: no certificate for {}: {}", name, why));
        outcomes[name] = {{"error", why}, {"asked_at", rfc3339(now())}, {"points_here", there}};
    }
    replace_file(invocation.paths.acme() / "outcomes.json", to_pretty_text(outcomes), {.mode = 0644});
    return 0;
}

int deploy() {
    systemd::SupervisorClient client;
    const Json deployed = parse_json(client.deploy_certificates());
    for (const auto& name : deployed["placed"])
        note(fmt::format("vectis: the certificate for {} is in use", name.get<std::string>()));
    for (const auto& [name, why] : deployed["refused"].items())
        note(fmt::format("vectis: the certificate for {} is not used: {}", name, why.get<std::string>()));
    return deployed["refused"].empty() ? 0 : 1;
}

Json row(const Invocation& invocation, const std::string& name, const Json& outcomes) {
    Json row{{"name", name}};
    if (const auto pem = read_file(keys::issued_certificate(invocation.paths.tls(), name))) {
        const auto info = keys::certificate_info(*pem);
        row["issued"] = !info.self_signed;
        row["issuer"] = info.issuer;
        row["not_after"] = rfc3339(info.not_after);
    } else {
        row["issued"] = false;
    }
    const Json outcome = outcomes.value(name, Json::object());
    row["error"] = outcome.value("error", "");
    row["points_here"] = outcome.value("points_here", true);
    row["asked_at"] = outcome.value("asked_at", "");
    return row;
}

/// 1 if a certificate that the world asks for is missing.
int list(const Invocation& invocation) {
    const Request request = read_request(invocation);
    const Json outcomes = read_outcomes(invocation);
    Json rows = Json::array();
    std::string text;
    int missing = 0;
    for (const auto& name : request.names) {
        Json each = row(invocation, name, outcomes);
        const std::string error = each["error"];
        const bool here = each["points_here"];
        const bool issued = each["issued"];
        missing += here && !issued ? 1 : 0;
        text += fmt::format("{:<8} {}{}{}\n",
                            issued ? "issued"
                            : here ? "MISSING"
                                   : "-",
                            name, issued ? fmt::format(", until {}", each["not_after"].get<std::string>()) : "",
                            error.empty() ? "" : ": " + printable(error));
        rows.push_back(std::move(each));
    }
    print(invocation.json() ? to_pretty_text({{"certificates", rows}, {"missing", missing}}) : text);
    return missing == 0 ? 0 : 1;
}

int renew(const Invocation& invocation) {
    static_cast<void>(read_request(invocation));
    systemd::Manager manager;
    manager.reset_failed(unit);
    manager.act(unit, systemd::Action::restart, std::chrono::hours(1));
    return list(invocation);
}

} // namespace

int run_certificates(const Invocation& invocation) {
    switch (invocation.command) {
    case surface::Command::certificates_list:
        return list(invocation);
    case surface::Command::certificates_renew:
        return renew(invocation);
    case surface::Command::certificates_request:
        return request(invocation);
    default:
        return deploy();
    }
}

} // namespace vectis::cli
