#include "base/json.hpp"
#include "installer/setup.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace vectis::installer {

namespace {

std::string remarks(const std::vector<Check>& checks, bool colour) {
    std::vector<Check> open;
    for (const auto& each : checks) {
        if (each.verdict != Verdict::pass)
            open.push_back(each);
    }
    return open.empty() ? std::string() : "\nWhat preflight remarked:\n\n" + preflight_text(open, colour);
}

} // namespace

std::string setup_text(const SetupResult& result, bool colour) {
    if (!result.changed)
        return "This server is set up already: nothing was changed.\n"
               "'vectis dns' prints the DNS records, 'vectis status' shows how it is.\n";
    return fmt::format(
        "\nPublish these DNS records; 'vectis dns' prints them again.\n\n{}{}\n"
        "What to do next:\n"
        "  1. Publish the records above, the reverse DNS where you rent the address.\n"
        "  2. Run 'vectis preflight' again when they are visible.\n"
        "  3. Have certificates that everybody trusts: 'vectis config set tls.mode acme', then 'vectis apply'. By this "
        "you\n"
        "     accept the terms of Let's Encrypt. 'vectis certificates list' shows what was issued.\n"
        "  4. Add domains, mailboxes and aliases to /etc/vectis/config.yaml, then 'vectis plan' and 'vectis apply'.\n"
        "  5. 'vectis health' proves that mail flows; 'vectis status' shows every service.\n",
        zone::dns_records_text(result.records), remarks(result.checks, colour));
}

std::string setup_json(const SetupResult& result, const std::optional<OneTimePassword>& announced) {
    const Json checks = preflight_json(result.checks);
    const Json records = parse_json(zone::dns_records_json(result.records));
    Json json{{"changed", result.changed},
              {"config_written", result.wrote_config},
              {"diverted", result.diverted},
              {"applied",
               {{"changed", result.applied.changed},
                {"generation", result.applied.generation},
                {"summary", result.applied.summary}}},
              {"first_admin", nullptr},
              {"one_time_password", nullptr},
              {"checks", checks["checks"]},
              {"records", records["records"]}};
    if (announced) {
        json["first_admin"] = announced->email;
        json["one_time_password"] = announced->password;
    }
    return to_pretty_text(json);
}

} // namespace vectis::installer
