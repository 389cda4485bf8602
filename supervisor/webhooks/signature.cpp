#include "webhooks/signature.hpp"

#include "base/base64.hpp"
#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/random.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

namespace vectis::webhooks {

namespace {

constexpr std::string_view secret_prefix = "whsec_";
constexpr std::size_t made_bytes = 32;
constexpr std::size_t least_bytes = 24;
constexpr std::size_t most_bytes = 64;

std::string seconds_of(Time at) {
    return std::to_string(std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count());
}

} // namespace

std::string new_secret() {
    return std::string(secret_prefix) + base64(random_bytes(made_bytes));
}

std::optional<std::string> secret_key(std::string_view secret) {
    // from_base64() looks over white space; a secret has none.
    if (!secret.starts_with(secret_prefix) || secret.find_first_of(" \t\r\n") != std::string_view::npos)
        return std::nullopt;
    auto key = from_base64(secret.substr(secret_prefix.size()));
    if (!key || key->size() < least_bytes || key->size() > most_bytes)
        return std::nullopt;
    return key;
}

std::string signature(std::string_view id, Time at, std::string_view body, const std::vector<std::string>& secrets) {
    const std::string text = fmt::format("{}.{}.{}", id, seconds_of(at), body);
    if (secrets.empty())
        throw Error(Code::internal, "cannot sign a webhook: there is no secret");
    std::vector<std::string> signatures;
    for (const auto& secret : secrets) {
        const auto key = secret_key(secret);
        if (!key)
            throw Error(Code::internal, "cannot sign a webhook: its secret is none");
        signatures.push_back("v1," + base64(hmac_sha256(*key, text)));
    }
    return join(signatures, " ");
}

std::vector<std::pair<std::string, std::string>> signed_headers(std::string_view id, Time at, std::string_view body,
                                                                const std::vector<std::string>& secrets) {
    return {{"webhook-id", std::string(id)},
            {"webhook-timestamp", seconds_of(at)},
            {"webhook-signature", signature(id, at, body, secrets)}};
}

} // namespace vectis::webhooks
