// Whatever a template is: it has faults, each with its line, or it is filled in, in bounds, and what is written of a
// value in the HTML opens no tag. The input is the HTML; its first line is the subject.
#include "base/text.hpp"
#include "mail/rendering.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdlib>

using namespace vectis;

namespace {

void expect(bool holds) {
    if (!holds)
        std::abort();
}

const Json& values() {
    static const Json all{{"a", "<&>\"'"},
                          {"b", true},
                          {"c", Json::array({1, 2.5, "x", false, Json::array({"y"}), {{"a", "z"}}})},
                          {"d", {{"a", {{"b", "{{a}}"}}}}},
                          {"e", ""},
                          {"f", std::string(1000, 'f')}};
    return all;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string all(reinterpret_cast<const char*>(data), size);
    const auto end = std::min(all.find('\n'), all.size());
    const mail::Writing source{
        .subject = all.substr(0, end), .text = all, .html = all.substr(std::min(end + 1, all.size()))};
    const auto faults = mail::faults(source);
    for (const auto& each : faults)
        expect(each.what.starts_with("line ") || each.what.starts_with("has ") || each.what.starts_with("and "));
    if (!faults.empty())
        return 0;
    std::vector<Problem> problems;
    const auto written = mail::render(source, values(), "/variables", problems);
    if (!problems.empty())
        return 0;
    expect(written.subject.size() <= 2000);
    expect(written.text->size() <= mail::longest_rendering && written.html->size() <= mail::longest_rendering);
    // Only {{a}} has one, and it is escaped unless the template says otherwise.
    const bool raw = all.find("{{{") != std::string::npos || all.find('&') != std::string::npos;
    if (!raw && all.find('<') == std::string::npos)
        expect(written.html->find('<') == std::string::npos);
    return 0;
}
