#include "mail/bounces.hpp"

#include "base/clock.hpp"
#include "base/text.hpp"
#include "mail/report.hpp"
#include "mail/story.hpp"
#include "mail/token.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace vectis::mail {

namespace {

/// The recipient as the report has them, if it speaks of them: forwarding gives them another address, and then there
/// is one alone.
const ReportedRecipient* about(const Report& report, const std::string& address) {
    for (const auto& each : report.recipients) {
        if (lower_ascii(each.final_recipient) == lower_ascii(address) ||
            lower_ascii(each.original_recipient) == lower_ascii(address))
            return &each;
    }
    return report.recipients.size() == 1 ? &report.recipients.front() : nullptr;
}

/// Others say that it was no spam, or speak of signatures (RFC 5965, RFC 6591).
bool is_complaint(const std::string& feedback_type) {
    constexpr std::array<std::string_view, 3> types{"abuse", "fraud", "opt-out"};
    return std::find(types.begin(), types.end(), lower_ascii(feedback_type)) != types.end();
}

} // namespace

LmtpServer::Receive Bounces::receive() {
    return {.recipient = [this](const std::string& address) -> Reply {
                const auto id = bounced_recipient(address, token_key_);
                const bool known = id && database_.read([&](store::Database& database) {
                    return store::Messages(database).recipient(*id).has_value();
                });
                return known ? Reply{250, "2.1.5 fine"} : Reply{550, "5.1.1 nothing was sent from this address"};
            },
            .message = [this](const std::string&, const std::string& address,
                              const std::string& message) { return take(address, message); }};
}

Reply Bounces::take(const std::string& address, const std::string& message) {
    const auto id = bounced_recipient(address, token_key_);
    const auto report = read_report(message);
    // What a machine or a person answers to the envelope is no report, and has nobody here who would read it.
    if (id && report && (report->kind == ReportKind::dsn || report->kind == ReportKind::arf)) {
        database_.write([&](store::Database& database) {
            store::Messages messages(database);
            auto recipient = messages.recipient(*id);
            if (!recipient)
                return 0;
            const std::string at = rfc3339(now());
            if (report->kind == ReportKind::arf) {
                if (!is_complaint(report->feedback_type))
                    return 0;
                // It changes no state: the message was delivered, and its reader did not want it.
                tell_event(messages, *recipient, "complained", {{"feedback_type", report->feedback_type}}, at);
                suppress(messages, *recipient, "complaint", at);
            } else if (const auto* reported = about(*report, recipient->address)) {
                if (const auto transition = after(known(*recipient), *reported))
                    follow(messages, *recipient, *transition, reported->remote_mta, at);
            }
            return 0;
        });
    }
    return {250, "2.0.0 taken"};
}

} // namespace vectis::mail
