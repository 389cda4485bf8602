#include "health/run_here.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "health/probes.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <csignal>

namespace vectis::health {

Result run_probe_here(const std::string& name, const std::string& input) {
    const auto all = probes();
    const auto probe = std::find_if(all.begin(), all.end(), [&](const Probe& each) { return each.name == name; });
    if (probe == all.end())
        throw Error(Code::not_found, fmt::format("cannot run probe '{}': there is none of that name", printable(name)));
    const Facts facts = facts_from_json(input);
    // OpenSSL writes to sockets without MSG_NOSIGNAL; this process does nothing but this probe.
    std::signal(SIGPIPE, SIG_IGN);
    Result result{.probe = name};
    const auto start = std::chrono::steady_clock::now();
    try {
        result.detail = probe->run(facts);
        result.passed = true;
    } catch (const std::exception& error) {
        result.detail = error.what();
    }
    result.took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start);
    return result;
}

Json to_json(const Result& result) {
    return {{"probe", result.probe},
            {"passed", result.passed},
            {"detail", result.detail},
            {"milliseconds", result.took.count()}};
}

Result result_from_json(const std::string& text) {
    const Json json = parse_json(text);
    try {
        return {.probe = json.at("probe"),
                .passed = json.at("passed"),
                .detail = json.at("detail"),
                .took = std::chrono::milliseconds(whole_number(json, "milliseconds"))};
    } catch (const Json::exception& error) {
        throw Error(Code::invalid_input, fmt::format("cannot read a probe's result: {}", error.what()));
    }
}

} // namespace vectis::health
