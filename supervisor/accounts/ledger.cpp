#include "accounts/ledger.hpp"

#include "base/clock.hpp"
#include "base/error.hpp"
#include "store/audit.hpp"
#include "store/idempotency.hpp"

#include <nlohmann/json.hpp>

namespace vectis::accounts {

namespace {

constexpr std::chrono::hours answers_are_kept{24};

std::optional<std::string> text_or_nothing(const Json& json) {
    return json.is_null() ? std::nullopt : std::optional(to_text(json));
}

} // namespace

Change::Change(store::Database& database, const Who& who, std::string request_id) :
    database_(database), who_(who), request_id_(std::move(request_id)), at_(rfc3339(now())) {}

void Change::audit(const std::string& action, const std::string& target, const std::string& target_id,
                   const Json& before, const Json& after) const {
    store::Audit(database_).add({.at = at_,
                                 .actor = who_.name,
                                 .actor_id = who_.id,
                                 .credential = who_.credential,
                                 .address = who_.address,
                                 .action = action,
                                 .target = target,
                                 .target_id = target_id,
                                 .before = text_or_nothing(before),
                                 .after = text_or_nothing(after),
                                 .request_id = request_id_});
}

Ledger::Answered Ledger::change(const Asked& asked, const std::function<std::string(Change&)>& make) {
    if (!asked.idempotency_key)
        return change_once(asked, make);
    const std::pair key{asked.who.credential_id, *asked.idempotency_key};
    {
        const std::scoped_lock lock(mutex_);
        if (!running_.insert(key).second)
            throw Error(Code::conflict, "the first request with this Idempotency-Key is still being answered",
                        "ask again in a moment");
    }
    const auto done = [&] {
        const std::scoped_lock lock(mutex_);
        running_.erase(key);
    };
    try {
        auto answered = change_once(asked, make);
        done();
        return answered;
    } catch (...) {
        done();
        throw;
    }
}

Ledger::Answered Ledger::change_once(const Asked& asked, const std::function<std::string(Change&)>& make) {
    return database_.write([&](store::Database& database) {
        Change change(database, asked.who, asked.request_id);
        store::Idempotency kept(database);
        if (asked.idempotency_key) {
            kept.forget_before(rfc3339(now() - answers_are_kept));
            if (const auto earlier = kept.find(asked.who.credential_id, *asked.idempotency_key)) {
                if (earlier->request != asked.request)
                    throw Error(Code::invalid_input, "this Idempotency-Key was used for another request",
                                "make a new key for each request, and use it again only to repeat that one");
                return Answered{.answer = earlier->answer, .replayed = true};
            }
        }
        Answered answered{.answer = make(change), .replayed = false};
        if (asked.idempotency_key)
            kept.add(asked.who.credential_id, *asked.idempotency_key, {asked.request, answered.answer}, change.at());
        return answered;
    });
}

} // namespace vectis::accounts
