// status, health, logs, restart, export.
#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "cli/invocation.hpp"
#include "state/observed.hpp"
#include "surface/services.hpp"
#include "systemd/client.hpp"
#include "systemd/journal.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <charconv>

namespace vectis::cli {

namespace {

std::string text_of(const Json& value) {
    return value.is_string() ? printable(value.get<std::string>()) : value.is_null() ? "-" : value.dump();
}

std::string memory_text(const Json& bytes) {
    return bytes.is_number() ? fmt::format("{} MiB", bytes.get<std::uint64_t>() >> 20U) : "-";
}

int run_status(const Invocation& invocation) {
    systemd::SupervisorClient client;
    const Json status = parse_json(client.status());
    if (invocation.json()) {
        print(to_pretty_text(status));
        return 0;
    }
    std::string out = fmt::format("vectis {}  {}\n\n", status.value("version", ""), status.value("hostname", ""));
    out += fmt::format("{:<10} {:<12} {:<26} {:>8} {:>9}\n", "SERVICE", "STATE", "SINCE", "MEMORY", "RESTARTS");
    for (const auto& each : status["services"]) {
        out += fmt::format("{:<10} {:<12} {:<26} {:>8} {:>9}\n", each.value("service", ""), each.value("active", ""),
                           text_of(each.value("since", Json())), memory_text(each.value("memory", Json())),
                           each.value("restarts", 0));
        if (each.contains("why"))
            out += fmt::format("           {}\n", text_of(each["why"]));
    }
    if (status.value("generation", 0) == 0) {
        print(out + "\nNothing was applied yet: run 'vectis setup'.\n");
        return 0;
    }
    const Json queue = status.value("queue", Json::object());
    const Json certificate = status.value("certificate", Json::object());
    const Json last = status.value("last_apply", Json());
    out += fmt::format("\nqueue        {}\n", queue.contains("messages")
                                                  ? fmt::format("{} messages", queue.value("messages", 0))
                                                  : text_of(queue.value("error", Json())));
    out += fmt::format("generation   {}\n", status.value("generation", 0));
    out += certificate.contains("error")
               ? fmt::format("certificate  {}: {}\n", text_of(certificate["path"]), text_of(certificate["error"]))
               : fmt::format("certificate  {}, {} days left{}\n", text_of(certificate["path"]),
                             certificate.value("days_left", 0),
                             certificate.value("self_signed", false) ? " (self-signed)" : "");
    if (!last.is_null())
        out += fmt::format("last {:<8}{} {}{}\n", last.value("kind", ""), last.value("started_at", ""),
                           last.value("outcome", ""),
                           last.value("error", "").empty() ? "" : ": " + text_of(last["error"]));
    print(out);
    return 0;
}

int run_health(const Invocation& invocation) {
    systemd::SupervisorClient client;
    Json results = Json::array();
    const Json done = client.health(
        invocation.has("--all") ? systemd::HealthSet::all : systemd::HealthSet::quick, [&](const Json& event) {
            if (event.value("event", "") != "probe")
                return;
            results.push_back(event);
            if (!invocation.json())
                print(fmt::format("{}  {:<12} {:>6} ms  {}\n", event.value("passed", false) ? "PASS" : "FAIL",
                                  event.value("probe", ""), event.value("milliseconds", 0),
                                  text_of(event.value("detail", Json("")))));
        });
    if (invocation.json())
        print(to_pretty_text(
            {{"probes", results}, {"passed", done.value("passed", 0)}, {"failed", done.value("failed", 0)}}));
    return done.value("failed", 0) == 0 ? 0 : 1;
}

/// "15m", "2h", "3d": that long ago; or a time.
Time since(const std::string& text) {
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const std::string unit(end, text.data() + text.size());
    if (error == std::errc{} && unit == "m")
        return now() - std::chrono::minutes(number);
    if (error == std::errc{} && unit == "h")
        return now() - std::chrono::hours(number);
    if (error == std::errc{} && unit == "d")
        return now() - std::chrono::hours(24) * number;
    return parse_rfc3339(text);
}

int run_logs(const Invocation& invocation) {
    const auto units = state::log_units(invocation.value("SERVICE").value_or(""));
    const auto start = since(invocation.value("--since").value_or("15m"));
    systemd::read(units, start, invocation.has("--follow"), {}, [](const systemd::Entry& entry) {
        print(entry.text() + "\n");
        return true;
    });
    return 0;
}

} // namespace

int run_server(const Invocation& invocation) {
    switch (invocation.command) {
    case surface::Command::status:
        return run_status(invocation);
    case surface::Command::health:
        return run_health(invocation);
    case surface::Command::logs:
        return run_logs(invocation);
    case surface::Command::restart: {
        systemd::SupervisorClient client;
        client.restart(invocation.value("SERVICE").value_or(""));
        return 0;
    }
    default: {
        systemd::SupervisorClient client;
        print(client.export_yaml());
        return 0;
    }
    }
}

} // namespace vectis::cli
