#include "webhooks/schedule.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <charconv>

namespace vectis::webhooks {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds longest_wait = waits.back();
constexpr double spread = 0.2;
constexpr int no_more = 410; // Gone

} // namespace

Verdict verdict(unsigned attempt, int status, std::optional<seconds> asked, double chance) {
    if (status >= 200 && status < 300)
        return {.fate = Fate::delivered};
    if (status == no_more)
        return {.fate = Fate::gone};
    if (attempt >= waits.size())
        return {.fate = Fate::dead};
    const milliseconds wait = std::max(waits.at(attempt), std::min(asked.value_or(seconds(0)), longest_wait));
    const auto longer = static_cast<double>(wait.count()) * spread * std::clamp(chance, 0.0, 1.0);
    return {.fate = Fate::again, .wait = wait + milliseconds(static_cast<std::int64_t>(longer))};
}

std::optional<seconds> retry_after(const std::string& value, Time now) {
    const std::string text(trim(value));
    if (!text.empty() && text.find_first_not_of("0123456789") == std::string::npos) {
        std::int64_t number = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        return error == std::errc{} ? std::min(seconds(number), longest_wait) : longest_wait;
    }
    const auto date = parse_http_date(text);
    if (!date)
        return std::nullopt;
    return std::clamp(std::chrono::ceil<seconds>(*date - now), seconds(0), longest_wait);
}

} // namespace vectis::webhooks
