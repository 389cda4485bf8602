#include "surface/fronts.hpp"

#include <algorithm>
#include <array>

namespace vectis::surface {

namespace {

constexpr std::array vendors{Vendor::resend, Vendor::postmark, Vendor::sendgrid, Vendor::mailgun};
constexpr std::size_t most_sent = 36U << 20U; // as POST /send takes

// clang-format off
constexpr std::array table{
    Front{Vendor::resend, FrontOperation::resend_send,
          Route{.operation = Operation::send, .id = "resend_send", .method = Method::post, .path = "/resend/emails", .group = "sending",
                .role = Role::domain_admin, .scope = "send", .most_body = most_sent}, ""},
    Front{Vendor::resend, FrontOperation::resend_batch,
          Route{.operation = Operation::send_batch, .id = "resend_batch", .method = Method::post, .path = "/resend/emails/batch", .group = "sending",
                .role = Role::domain_admin, .scope = "send", .most_body = most_sent}, ""},
    Front{Vendor::resend, FrontOperation::resend_get,
          Route{.operation = Operation::messages_get, .id = "resend_get", .path = "/resend/emails/{id}", .group = "sending",
                .role = Role::domain_admin, .scope = "messages:read"}, ""},
    Front{Vendor::resend, FrontOperation::resend_cancel,
          Route{.operation = Operation::messages_cancel, .id = "resend_cancel", .method = Method::post, .path = "/resend/emails/{id}/cancel", .group = "sending",
                .role = Role::domain_admin, .scope = "send"}, ""},
    Front{Vendor::postmark, FrontOperation::postmark_send,
          Route{.operation = Operation::send, .id = "postmark_send", .method = Method::post, .path = "/postmark/email", .group = "sending",
                .role = Role::domain_admin, .scope = "send", .most_body = most_sent}, "POSTMARK_API_TEST"},
    Front{Vendor::postmark, FrontOperation::postmark_batch,
          Route{.operation = Operation::send_batch, .id = "postmark_batch", .method = Method::post, .path = "/postmark/email/batch", .group = "sending",
                .role = Role::domain_admin, .scope = "send", .most_body = most_sent}, "POSTMARK_API_TEST"},
    Front{Vendor::postmark, FrontOperation::postmark_template,
          Route{.operation = Operation::send, .id = "postmark_template", .method = Method::post, .path = "/postmark/email/withTemplate", .group = "sending",
                .role = Role::domain_admin, .scope = "send", .most_body = most_sent}, ""},
    Front{Vendor::postmark, FrontOperation::postmark_template_batch,
          Route{.operation = Operation::send_batch, .id = "postmark_templates", .method = Method::post, .path = "/postmark/email/batchWithTemplates", .group = "sending",
                .role = Role::domain_admin, .scope = "send", .most_body = most_sent}, ""},
    Front{Vendor::postmark, FrontOperation::postmark_details,
          Route{.operation = Operation::messages_get, .id = "postmark_details", .path = "/postmark/messages/outbound/{id}/details", .group = "sending",
                .role = Role::domain_admin, .scope = "messages:read"}, ""},
    Front{Vendor::postmark, FrontOperation::postmark_suppressions,
          Route{.operation = Operation::suppressions_list, .id = "postmark_suppressions", .path = "/postmark/message-streams/{stream}/suppressions/dump", .group = "suppressions",
                .role = Role::domain_admin, .scope = "suppressions:read"}, ""},
    // Its client sends the mail's header fields as fields of HTTP, too: an Idempotency-Key may be one of the mail's.
    Front{Vendor::sendgrid, FrontOperation::sendgrid_send,
          Route{.operation = Operation::send_batch, .id = "sendgrid_send", .method = Method::post, .path = "/sendgrid/v3/mail/send", .group = "sending",
                .role = Role::domain_admin, .scope = "send", .most_body = most_sent, .ignores_key = true}, ""},
    Front{Vendor::mailgun, FrontOperation::mailgun_send,
          Route{.operation = Operation::send, .id = "mailgun_send", .method = Method::post, .path = "/mailgun/v3/{domain}/messages", .group = "sending",
                .role = Role::domain_admin, .scope = "send", .most_body = most_sent}, ""},
};
// clang-format on

} // namespace

std::string_view text(Vendor vendor) {
    constexpr std::array<std::string_view, 4> names{"resend", "postmark", "sendgrid", "mailgun"};
    return names.at(static_cast<std::size_t>(vendor));
}

std::optional<Vendor> vendor_of(std::string_view path) {
    if (!path.starts_with(compat_base))
        return std::nullopt;
    path.remove_prefix(compat_base.size());
    const auto found = std::find_if(vendors.begin(), vendors.end(), [&](Vendor vendor) {
        const auto name = text(vendor);
        return path.size() > name.size() && path[0] == '/' && path.substr(1).starts_with(name) &&
               (path.size() == name.size() + 1 || path[name.size() + 1] == '/');
    });
    return found == vendors.end() ? std::nullopt : std::optional(*found);
}

std::span<const Front> fronts() {
    return table;
}

} // namespace vectis::surface
