#include "installer/preflight.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace vectis::installer {

namespace {

struct VerdictText {
    std::string_view json;
    std::string_view text;
    std::string_view colour; // ECMA-48 SGR
};

VerdictText text_of(Verdict verdict) {
    switch (verdict) {
    case Verdict::pass:
        return {"pass", "PASS", "32"};
    case Verdict::warn:
        return {"warn", "WARN", "33"};
    case Verdict::fail:
        break;
    }
    return {"fail", "FAIL", "31"};
}

auto count(const std::vector<Check>& checks, Verdict verdict) {
    return std::count_if(checks.begin(), checks.end(), [&](const Check& each) { return each.verdict == verdict; });
}

} // namespace

std::string preflight_text(const std::vector<Check>& checks, bool colour) {
    std::string text;
    for (const auto& each : checks) {
        const VerdictText verdict = text_of(each.verdict);
        const std::string word =
            colour ? fmt::format("\x1b[{}m{}\x1b[0m", verdict.colour, verdict.text) : std::string(verdict.text);
        text += fmt::format("{}  {:<14}  {}\n", word, each.name, each.found);
        if (!each.expected.empty())
            text += fmt::format("{:22}expected: {}\n", "", each.expected);
        if (!each.hint.empty())
            text += fmt::format("{:22}hint: {}\n", "", each.hint);
    }
    return text + fmt::format("\n{} passed, {} warned, {} failed\n", count(checks, Verdict::pass),
                              count(checks, Verdict::warn), count(checks, Verdict::fail));
}

Json preflight_json(const std::vector<Check>& checks) {
    Json list = Json::array();
    for (const auto& each : checks)
        list.push_back({{"name", each.name},
                        {"verdict", text_of(each.verdict).json},
                        {"found", each.found},
                        {"expected", each.expected},
                        {"hint", each.hint}});
    return {{"checks", std::move(list)},
            {"passed", count(checks, Verdict::pass)},
            {"warned", count(checks, Verdict::warn)},
            {"failed", count(checks, Verdict::fail)}};
}

} // namespace vectis::installer
