#include "store/idempotency.hpp"

namespace vectis::store {

std::optional<KeptAnswer> Idempotency::find(const std::string& actor, const std::string& key) {
    auto select = database_.prepare("select request, answer from idempotency where actor = ?1 and key = ?2");
    if (!select.bind(actor, key).step())
        return std::nullopt;
    return KeptAnswer{.request = select.text(0), .answer = select.text(1)};
}

void Idempotency::add(const std::string& actor, const std::string& key, const KeptAnswer& kept, const std::string& at) {
    database_.prepare("insert into idempotency (actor, key, request, answer, created_at) values (?1, ?2, ?3, ?4, ?5)")
        .bind(actor, key, kept.request, kept.answer, at)
        .run();
}

void Idempotency::forget_before(const std::string& at) {
    database_.prepare("delete from idempotency where created_at < ?1").bind(at).run();
}

} // namespace vectis::store
