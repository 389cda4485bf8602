#include "store/second_factors.hpp"

namespace vectis::store {

std::optional<SecondFactor> SecondFactors::find(const std::string& admin) {
    auto select = database_.prepare("select admin, secret, enabled_at, last_step from second_factors where admin = ?1");
    if (!select.bind(admin).step())
        return std::nullopt;
    return SecondFactor{.admin = select.text(0),
                        .secret = select.text(1),
                        .enabled_at = select.optional_text(2),
                        .last_step = select.integer(3)};
}

void SecondFactors::put(const SecondFactor& factor) {
    database_
        .prepare("insert into second_factors (admin, secret, enabled_at, last_step) values (?1, ?2, ?3, ?4) "
                 "on conflict (admin) do update set secret = excluded.secret, enabled_at = excluded.enabled_at, "
                 "last_step = excluded.last_step")
        .bind(factor.admin, factor.secret, factor.enabled_at, factor.last_step)
        .run();
}

void SecondFactors::remove(const std::string& admin) {
    database_.prepare("delete from second_factors where admin = ?1").bind(admin).run();
    database_.prepare("delete from recovery_codes where admin = ?1").bind(admin).run();
}

void SecondFactors::set_recovery_codes(const std::string& admin, const std::vector<std::string>& hashes) {
    database_.prepare("delete from recovery_codes where admin = ?1").bind(admin).run();
    auto insert = database_.prepare("insert into recovery_codes (admin, hash) values (?1, ?2)");
    for (const auto& hash : hashes)
        insert.bind(admin, hash).run();
}

bool SecondFactors::take_recovery_code(const std::string& admin, const std::string& hash) {
    database_.prepare("delete from recovery_codes where admin = ?1 and hash = ?2").bind(admin, hash).run();
    return database_.changes() > 0;
}

std::int64_t SecondFactors::recovery_codes_left(const std::string& admin) {
    auto count = database_.prepare("select count(*) from recovery_codes where admin = ?1");
    return count.bind(admin).step() ? count.integer(0) : 0;
}

} // namespace vectis::store
