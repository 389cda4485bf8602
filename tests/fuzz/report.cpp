// read_report() takes any message without a crash and within its bounds; what it says of a recipient can be judged, and
// a status that is not empty is one.
#include "mail/report.hpp"

#include "mail/delivery.hpp"
#include "mail/report_fields.hpp"
#include "mail/status_code.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace vectis::mail;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto report = read_report({reinterpret_cast<const char*>(data), size});
    if (!report)
        return 0;
    if (report->recipients.size() > most_reported)
        std::abort();
    const bool names_recipients = report->kind == ReportKind::dsn || report->kind == ReportKind::arf;
    if (report->recipients.empty() ? report->kind == ReportKind::dsn : !names_recipients)
        std::abort();
    for (const auto& recipient : report->recipients) {
        if (recipient.diagnostic.size() > longest_value || recipient.final_recipient.size() > longest_value)
            std::abort();
        if (!recipient.status.empty() && !status_code(recipient.status))
            std::abort();
        const auto transition = after({.state = State::delivered}, recipient);
        if (transition.has_value() != (recipient.action == Action::failed))
            std::abort();
        if (transition && suppresses(transition->kind) && transition->state != State::bounced)
            std::abort();
    }
    return 0;
}
