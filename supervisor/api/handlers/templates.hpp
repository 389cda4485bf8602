// What a message says that is made of a template.
#pragma once

#include "api/call.hpp"
#include "mail/rendering.hpp"
#include "store/templates.hpp"

#include <optional>

namespace vectis::api::handlers {

/// What a body like that of POST /send says by the template that it names; nothing if it names none. Its faults are
/// noted, and then what is given back says nothing of the message.
[[nodiscard]] std::optional<mail::Writing> written_by_template(const Call& call, const Json& body,
                                                               std::vector<Problem>& problems);

/// The one of this name by which an address may send: its domain's, or everybody's.
[[nodiscard]] std::optional<store::Template> template_named(const Call& call, const std::string& name,
                                                            const std::string& from);

} // namespace vectis::api::handlers
