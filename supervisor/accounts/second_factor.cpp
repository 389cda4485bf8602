#include "accounts/second_factor.hpp"

#include "accounts/totp.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "store/second_factors.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace vectis::accounts {

namespace {

constexpr std::size_t recovery_codes = 10;
constexpr std::size_t recovery_letters = 16; // of 57: 93 bits

std::chrono::seconds unix_time() {
    return std::chrono::floor<std::chrono::seconds>(now().time_since_epoch());
}

/// As it was shown, or as people type it.
std::string recovery_hash(std::string code) {
    std::erase_if(code, [](char c) { return c == '-' || c == ' '; });
    return sha256(code);
}

} // namespace

CodeVerdict check_second_factor(Ledger& ledger, const store::Admin& admin, const std::optional<std::string>& code) {
    return ledger.write([&](store::Database& database) {
        store::SecondFactors factors(database);
        auto factor = factors.find(admin.id);
        if (!factor || !factor->enabled_at)
            return CodeVerdict::none;
        if (!code)
            return CodeVerdict::needed;
        if (const auto step = totp_step(factor->secret, *code, factor->last_step, unix_time())) {
            factor->last_step = *step;
            factors.put(*factor);
            return CodeVerdict::good;
        }
        return factors.take_recovery_code(admin.id, recovery_hash(*code)) ? CodeVerdict::recovery_code
                                                                          : CodeVerdict::wrong;
    });
}

std::string prepare_second_factor(const Change& change, const store::Admin& admin) {
    store::SecondFactors factors(change.database());
    if (const auto factor = factors.find(admin.id); factor && factor->enabled_at)
        throw Error(Code::conflict, "there is a second factor already", "remove it first: DELETE /api/v1/auth/totp");
    std::string secret = new_totp_secret();
    factors.put({.admin = admin.id, .secret = secret, .enabled_at = std::nullopt, .last_step = 0});
    change.audit("admin.prepare_second_factor", admin.email, admin.id, nullptr, nullptr);
    return secret;
}

std::vector<std::string> enable_second_factor(const Change& change, const store::Admin& admin,
                                              const std::string& code) {
    store::SecondFactors factors(change.database());
    auto factor = factors.find(admin.id);
    if (!factor || factor->enabled_at)
        throw Error(Code::conflict, "there is no second factor that waits for its first code",
                    "begin with POST /api/v1/auth/totp/setup");
    const auto step = totp_step(factor->secret, code, factor->last_step, unix_time());
    if (!step)
        throw Error(Code::invalid_input, "this does not prove that the authenticator has the secret", {},
                    {{.where = {},
                      .path = "/code",
                      .what = "is not the code of this moment",
                      .hint = "look at the clocks of this server and of the authenticator"}});
    factor->enabled_at = change.at();
    factor->last_step = *step;
    factors.put(*factor);
    std::vector<std::string> codes;
    std::vector<std::string> hashes;
    for (std::size_t i = 0; i < recovery_codes; ++i) {
        const std::string made = random_password(recovery_letters);
        hashes.push_back(recovery_hash(made));
        std::string& readable = codes.emplace_back();
        for (std::size_t at = 0; at < made.size(); ++at)
            readable.append(at != 0 && at % 4 == 0 ? "-" : "").push_back(made[at]);
    }
    factors.set_recovery_codes(admin.id, hashes);
    change.audit("admin.enable_second_factor", admin.email, admin.id, nullptr, nullptr);
    return codes;
}

void remove_second_factor(const Change& change, const store::Admin& admin) {
    store::SecondFactors factors(change.database());
    if (!factors.find(admin.id))
        throw Error(Code::not_found, "there is no second factor");
    factors.remove(admin.id);
    change.audit("admin.remove_second_factor", admin.email, admin.id, nullptr, nullptr);
}

} // namespace vectis::accounts
