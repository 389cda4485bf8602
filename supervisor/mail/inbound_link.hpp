// URLs of attachments that need no credential, since this server has signed them. Pure.
#pragma once

#include "base/clock.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace vectis::mail {

/// For how long an event's URLs are good.
inline constexpr std::chrono::hours attachment_link_is_good{7 * 24};

/// "/inbound/ID/attachments/NUMBER?expires=SECONDS&signature=...", below the API's base. `key` is this server's alone.
[[nodiscard]] std::string attachment_link(const std::string& id, std::size_t number, Time expires,
                                          std::string_view key);

/// Whether this server has signed that, with `expires` in seconds since 1970; whether it is over is another question.
[[nodiscard]] bool is_signed(const std::string& id, std::size_t number, std::int64_t expires,
                             std::string_view signature, std::string_view key);

} // namespace vectis::mail
