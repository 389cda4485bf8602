#include "accounts/ledger.hpp"

#include "base/clock.hpp"
#include "base/error.hpp"
#include "store/audit.hpp"
#include "store/errands.hpp"
#include "store/idempotency.hpp"

#include <nlohmann/json.hpp>

namespace vectis::accounts {

namespace {

constexpr std::chrono::hours answers_are_kept{24};

/// An errand that is not answered yet has its key, too.
std::optional<store::Errand> unfinished_with_key(store::Database& database, const Ledger::Asked& asked) {
    return asked.idempotency_key ? store::Errands(database).find_by_key(asked.who.credential_id, *asked.idempotency_key)
                                 : std::nullopt;
}

std::optional<std::string> text_or_nothing(const Json& json) {
    return json.is_null() ? std::nullopt : std::optional(to_text(json));
}

} // namespace

KeyInUse::KeyInUse() :
    Error(Code::conflict, "the first request with this Idempotency-Key is still being answered",
          "ask again in a moment") {}

KeyOfAnother::KeyOfAnother() :
    Error(Code::invalid_input, "this Idempotency-Key was used for another request",
          "make a new key for each request, and use it again only to repeat that one") {}

Change::Change(store::Database& database, const Who& who, std::string request_id) :
    database_(database), who_(who), request_id_(std::move(request_id)), at_(rfc3339(now())) {}

void Change::audit(const std::string& action, const std::string& target, const std::optional<std::string>& target_id,
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

Ledger::Answered Ledger::once(const Asked& asked, const std::function<Answered()>& answer) {
    if (!asked.idempotency_key)
        return answer();
    const std::pair key{asked.who.credential_id, *asked.idempotency_key};
    {
        const std::scoped_lock lock(mutex_);
        if (!running_.insert(key).second)
            throw KeyInUse();
    }
    const auto done = [&] {
        const std::scoped_lock lock(mutex_);
        running_.erase(key);
    };
    try {
        auto answered = answer();
        done();
        return answered;
    } catch (...) {
        done();
        throw;
    }
}

std::optional<Ledger::Answered> Ledger::earlier(store::Database& database, const Asked& asked) {
    if (!asked.idempotency_key)
        return std::nullopt;
    store::Idempotency kept(database);
    kept.forget_before(rfc3339(now() - answers_are_kept));
    const auto found = kept.find(asked.who.credential_id, *asked.idempotency_key);
    if (!found)
        return std::nullopt;
    expect_same(found->request, asked);
    return Answered{.answer = found->answer, .replayed = true};
}

void Ledger::expect_same(const std::string& request, const Asked& asked) {
    if (request != asked.request)
        throw KeyOfAnother();
}

void Ledger::keep(store::Database& database, const Who& who, const std::string& key, const std::string& request,
                  const std::string& answer, const std::string& at) {
    store::Idempotency(database).add(who.credential_id, key, {request, answer}, at);
}

Ledger::Answered Ledger::change(const Asked& asked, const std::function<std::string(Change&)>& make) {
    return once(asked, [&] {
        return database_.write([&](store::Database& database) {
            if (auto answered = earlier(database, asked))
                return *answered;
            if (const auto unfinished = unfinished_with_key(database, asked))
                expect_same(unfinished->request, asked);
            Change change(database, asked.who, asked.request_id);
            Answered answered{.answer = make(change), .replayed = false};
            if (asked.idempotency_key)
                keep(database, asked.who, *asked.idempotency_key, asked.request, answered.answer, change.at());
            return answered;
        });
    });
}

Ledger::Answered Ledger::act(const Asked& asked, const std::function<void(Change&)>& tell,
                             const std::function<void()>& act, const std::function<std::string()>& answer,
                             const std::function<void(Change&, const Error&)>& tell_failed) {
    return once(asked, [&]() -> Answered {
        const auto known = database_.write([&](store::Database& database) {
            auto answered = earlier(database, asked);
            if (answered)
                return answered;
            if (const auto unfinished = unfinished_with_key(database, asked))
                expect_same(unfinished->request, asked);
            Change change(database, asked.who, asked.request_id);
            tell(change);
            return answered;
        });
        if (known)
            return *known;
        try {
            act();
        } catch (const std::exception& fault) {
            database_.write([&](store::Database& database) {
                Change change(database, asked.who, asked.request_id);
                tell_failed(change, as_error(fault));
                return 0;
            });
            throw;
        }
        Answered answered{.answer = answer(), .replayed = false};
        if (asked.idempotency_key)
            database_.write([&](store::Database& database) {
                keep(database, asked.who, *asked.idempotency_key, asked.request, answered.answer, rfc3339(now()));
                return 0;
            });
        return answered;
    });
}

std::optional<Ledger::Answered> Ledger::answered(const Asked& asked) {
    return database_.write([&](store::Database& database) { return earlier(database, asked); });
}

} // namespace vectis::accounts
