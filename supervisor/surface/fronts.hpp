// THE table of what answers as other mail services do, so that programs written for them work with this server by its
// address alone. A row says which of our own routes does the same; what may be done with a key, and by whom, is the
// same here as there. None of it is in OpenAPI: it is described by those services.
#pragma once

#include "surface/routes.hpp"

namespace vectis::surface {

/// Where they begin: /compat/resend, and so on.
constexpr std::string_view compat_base = "/compat";

enum class Vendor : std::uint8_t { resend, postmark, sendgrid, mailgun };
[[nodiscard]] std::string_view text(Vendor vendor);
/// Whose a path is; nothing: nobody's.
[[nodiscard]] std::optional<Vendor> vendor_of(std::string_view path);

enum class FrontOperation : std::uint8_t {
    resend_send,
    resend_batch,
    resend_get,
    resend_cancel,
    postmark_send,
    postmark_batch,
    postmark_template,
    postmark_template_batch,
    postmark_details,
    postmark_suppressions,
    sendgrid_send,
    mailgun_send,
};

struct Front {
    Vendor vendor;
    FrontOperation operation;
    /// As a route of ours, with its path below compat_base.
    Route route;
    /// Who shows this in place of a key may try what the row does; nothing is sent, and no key is needed to be told
    /// what is wrong with a message. Empty: nobody.
    std::string_view test_token;
};

[[nodiscard]] std::span<const Front> fronts();

} // namespace vectis::surface
