// The links by which readers get no more mail (RFC 8058). They are no part of the API: a mail program or a person
// follows them without a credential, and what they know of us is the token.
#pragma once

#include "api/call.hpp"

namespace vectis::api {

/// Where every link begins.
constexpr std::string_view unsubscribe_base = "/unsubscribe/";

/// GET shows a page with a button and changes nothing, POST unsubscribes; both without cookies and redirects, which
/// section 3.1 forbids.
[[nodiscard]] Response unsubscribe(const Services& services, Request& request);

} // namespace vectis::api
