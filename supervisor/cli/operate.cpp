// plan, apply, generations, rollback: thin, the supervisor does the work.
#include "base/json.hpp"
#include "base/text.hpp"
#include "cli/invocation.hpp"
#include "config/load.hpp"
#include "plan/plan.hpp"
#include "state/observed.hpp"
#include "systemd/client.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <charconv>

namespace vectis::cli {

namespace {

constexpr int exit_changes_pending = 2;

/// One line per step as it ends; the events themselves with --json.
systemd::Progress show_progress(bool json) {
    return [json](const Json& event) {
        if (json) {
            print(to_text(event) + "\n");
            return;
        }
        const std::string state = event.value("state", "");
        const std::string detail = event.value("detail", "");
        if (event.value("event", "") != "step" || (state == "started" && detail.empty()))
            return;
        note(fmt::format("  {:<18} {}{}", printable(event.value("step", "")), state,
                         detail.empty() ? "" : ": " + detail));
    };
}

int finish(const Json& done, bool json, std::string_view verb) {
    if (json)
        print(to_text(done) + "\n");
    else if (!done.value("changed", false))
        print(fmt::format("Nothing to do: generation {} is as it should be.\n", done.value("generation", 0)));
    else
        print(fmt::format("{} generation {}: {}.\n", verb, done.value("generation", 0), done.value("summary", "")));
    return 0;
}

int print_plan(const Json& plan, bool json) {
    if (json) {
        Json shown = plan;
        shown.erase("text");
        print(to_pretty_text(shown));
    } else {
        print(plan.value("text", ""));
    }
    return plan.value("changes", false) ? exit_changes_pending : 0;
}

/// Compares with the disk as far as this user may read it; no unit is looked at.
int plan_offline(const Invocation& invocation) {
    const auto text = read_file(invocation.config_file());
    if (!text)
        throw Error(Code::not_found,
                    fmt::format("cannot read '{}': it does not exist", invocation.config_file().string()));
    state::Paths paths = invocation.paths;
    std::string probe_password;
    try {
        for (const auto& row : store::read_directory(paths.directory()).rows.mailboxes) {
            if (row.owner == directory::Owner::system)
                probe_password = row.password;
        }
    } catch (const Error&) {
        // No directory yet, or not ours to read: then every row is shown as new.
    }
    config::Secrets secrets;
    if (const auto secrets_text = read_file(paths.secrets()))
        secrets = config::load_secrets(*secrets_text, paths.secrets().string()).secrets;
    const auto desired =
        state::desired_from_text(*text, secrets, state::observe_platform(paths), paths, probe_password);
    const auto observed = state::observe_offline(desired, paths);
    const auto plan = plan::difference(desired, observed);
    plan::expect_none_of(observed.api_made, plan.rows);
    Json json = plan::to_json(plan);
    json["text"] = plan::describe(plan);
    return print_plan(json, invocation.json());
}

int run_plan(const Invocation& invocation) {
    if (invocation.has("--offline"))
        return plan_offline(invocation);
    if (invocation.has("--config"))
        throw Error(Code::invalid_input, "cannot plan another file through the supervisor",
                    "add --offline: 'vectis plan --config FILE --offline'");
    systemd::SupervisorClient client;
    return print_plan(parse_json(client.plan()), invocation.json());
}

int run_apply(const Invocation& invocation) {
    systemd::SupervisorClient client;
    const Json plan = parse_json(client.plan());
    const bool changes = plan.value("changes", false);
    if (invocation.has("--dry-run"))
        return print_plan(plan, invocation.json());
    if (!changes && !invocation.json())
        return print_plan(plan, false);
    if (!invocation.has("--yes") && !invocation.json()) {
        print_plan(plan, false);
        if (!confirm("Apply this?"))
            throw Error(Code::denied, "not applied: it was not confirmed", "add --yes to apply without a question");
    }
    return finish(client.apply(plan.value("plan_id", ""), show_progress(invocation.json())), invocation.json(),
                  "Applied");
}

int run_generations(const Invocation& invocation) {
    systemd::SupervisorClient client;
    const Json answer = parse_json(client.generations());
    if (invocation.json()) {
        print(to_pretty_text(answer));
        return 0;
    }
    for (const auto& each : answer["generations"])
        print(fmt::format("{} {:>5}  {}  {}\n", each.value("current", false) ? "*" : " ", each.value("generation", 0),
                          each.value("made_at", ""), each.value("summary", "")));
    if (answer["generations"].empty())
        print("Nothing was applied yet.\n");
    return 0;
}

std::uint32_t target_generation(const Invocation& invocation, systemd::SupervisorClient& client) {
    if (const auto text = invocation.value("N")) {
        std::uint32_t number = 0;
        const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
        if (error != std::errc{} || end != text->data() + text->size() || number == 0)
            throw Error(Code::invalid_input,
                        fmt::format("cannot go back to '{}': expected a generation's number", printable(*text)),
                        "'vectis generations' lists them");
        return number;
    }
    const auto before = parse_json(client.generations()).value("before", 0U);
    if (before == 0)
        throw Error(Code::not_found, "cannot go back: there is no earlier generation");
    return before;
}

int run_rollback(const Invocation& invocation) {
    systemd::SupervisorClient client;
    const auto target = target_generation(invocation, client);
    if (!invocation.has("--yes") && !invocation.json() && !confirm(fmt::format("Go back to generation {}?", target)))
        throw Error(Code::denied, "not rolled back: it was not confirmed", "add --yes to go back without a question");
    return finish(client.rollback(target, show_progress(invocation.json())), invocation.json(), "Back at");
}

} // namespace

int run_operate(const Invocation& invocation) {
    switch (invocation.command) {
    case surface::Command::plan:
        return run_plan(invocation);
    case surface::Command::apply:
        return run_apply(invocation);
    case surface::Command::generations:
        return run_generations(invocation);
    default:
        return run_rollback(invocation);
    }
}

} // namespace vectis::cli
