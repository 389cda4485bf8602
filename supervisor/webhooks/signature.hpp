// How whoever receives a webhook knows that it is from here: the signature of Standard Webhooks
// (https://github.com/standard-webhooks/standard-webhooks). Pure, but for the randomness of a new secret.
#pragma once

#include "base/clock.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vectis::webhooks {

/// "whsec_" and 32 random bytes in base64: what the owner of an endpoint gets to see.
[[nodiscard]] std::string new_secret();
/// The bytes behind "whsec_", 24 to 64 of them; nothing if it is no such secret.
[[nodiscard]] std::optional<std::string> secret_key(std::string_view secret);

/// The value of webhook-signature, one signature for each of `secrets`: several while one takes the place of another.
/// `id` and `at` are those of the other two headers. Throws Error(internal) if one is no secret, or there is none.
[[nodiscard]] std::string signature(std::string_view id, Time at, std::string_view body,
                                    const std::vector<std::string>& secrets);

/// webhook-id, webhook-timestamp and webhook-signature. `id` stays the same when a delivery is tried again, `at` is the
/// time of this attempt: receivers allow for five minutes. `body` has to be UTF-8, since some decode it first.
[[nodiscard]] std::vector<std::pair<std::string, std::string>>
signed_headers(std::string_view id, Time at, std::string_view body, const std::vector<std::string>& secrets);

} // namespace vectis::webhooks
