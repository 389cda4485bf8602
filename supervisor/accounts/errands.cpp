#include "accounts/errands.hpp"

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/random.hpp"
#include "store/audit.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace vectis::accounts {

namespace {

/// What the audit log has of them.
Json to_json(const Who& who) {
    return {{"name", who.name},
            {"id", who.id ? Json(*who.id) : Json(nullptr)},
            {"credential", who.credential},
            {"address", who.address}};
}

Who who_in(const store::Errand& errand) {
    const Json json = parse_json(errand.who);
    Who who;
    who.name = json.at("name");
    if (!json.at("id").is_null())
        who.id = json.at("id").get<std::string>();
    who.credential = json.at("credential");
    who.credential_id = errand.credential_id;
    who.address = json.at("address");
    return who;
}

/// What people call it.
std::string name_of(const Json& row) {
    return row.at(row.contains("name") ? "name" : "address");
}

bool has_private_key(const store::Errand& errand) {
    return parse_json(errand.change).contains("imported_dkim_key");
}

/// How long a change waits for those before it.
constexpr std::chrono::seconds patience{30};

} // namespace

/// Somebody waits for it: it is theirs to carry out.
class Errands::Running {
  public:
    Running(Errands& errands, std::string id) : errands_(errands), id_(std::move(id)) {
        const std::scoped_lock lock(errands_.mutex_);
        errands_.running_.insert(id_);
    }
    ~Running() {
        const std::scoped_lock lock(errands_.mutex_);
        errands_.running_.erase(id_);
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

  private:
    Errands& errands_;
    std::string id_;
};

Ledger::Answered Errands::run(const Ledger::Asked& asked, const std::string& action,
                              const directory::AccountChange& change, const Json& answer) {
    return ledger_.once(asked, [&]() -> Ledger::Answered {
        store::Errand errand{.id = uuid7(),
                             .at = rfc3339(now()),
                             .who = to_text(to_json(asked.who)),
                             .credential_id = asked.who.credential_id,
                             .request_id = asked.request_id,
                             .idempotency_key = asked.idempotency_key,
                             .request = asked.request,
                             .action = action,
                             .change = to_text(directory::to_json(change)),
                             .answer = to_text(answer)};
        // Before it is written down: whoever looks for what is left finds this one taken.
        std::optional<Running> running(std::in_place, *this, errand.id);
        bool left = false;
        const auto known = database_.write([&](store::Database& database) -> std::optional<Ledger::Answered> {
            if (auto earlier = Ledger::earlier(database, asked))
                return earlier;
            store::Errands errands(database);
            if (asked.idempotency_key) {
                if (const auto unfinished = errands.find_by_key(errand.credential_id, *asked.idempotency_key)) {
                    Ledger::expect_same(unfinished->request, asked);
                    errand = *unfinished;
                    left = true;
                    return std::nullopt;
                }
            }
            errands.add(errand);
            return std::nullopt;
        });
        if (known)
            return *known;
        if (left)
            running.emplace(*this, errand.id);
        // One after the other, as the supervisor does it anyway.
        std::unique_lock lock(carrying_, patience);
        if (!lock)
            throw Error(Code::unavailable, "the changes before this one take long", "ask again in a moment");
        if (left) {
            // It may have been finished, or refused, since it was found.
            if (auto finished = database_.write([&](store::Database& database) {
                    auto earlier = Ledger::earlier(database, asked);
                    store::Errands errands(database);
                    if (!earlier && !errands.find_by_key(errand.credential_id, *asked.idempotency_key))
                        errands.add(errand);
                    return earlier;
                }))
                return *finished;
        }
        // One that was left and is done later would undo this one.
        finish_before(errand.id);
        return {.answer = finish(errand), .replayed = left};
    });
}

std::string Errands::finish(const store::Errand& errand) {
    keys_left_ = keys_left_ || has_private_key(errand);
    Json result;
    try {
        result = parse_json(carry_(errand.id, errand.change));
    } catch (const Error& error) {
        if (error.code() == Code::busy)
            throw Error(Code::unavailable, "the supervisor has too much to do", "ask again in a moment");
        // It was looked at, and not done.
        if (error.code() != Code::unavailable) {
            database_.write([&](store::Database& database) { return store::Errands(database).remove(errand.id); });
            forget_keys();
        }
        throw;
    }
    std::string answer = answer_(errand, result);
    database_.write([&](store::Database& database) {
        const Who who = who_in(errand);
        if (!store::Errands(database).remove(errand.id))
            throw Error(Code::internal, "an errand is gone that nobody has finished");
        const Change change(database, who, errand.request_id);
        const Json& row = result.at("after").is_null() ? result.at("before") : result.at("after");
        change.audit(errand.action, name_of(row), row.at("id"), result.at("before"), result.at("after"));
        // Of an import, what it has made.
        for (const auto& part : result.value("parts", Json::array())) {
            const Json& made = part.at("row");
            change.audit(part.at("action"), name_of(made), made.at("id"), nullptr, made);
        }
        if (errand.idempotency_key)
            Ledger::keep(database, who, *errand.idempotency_key, errand.request, answer, change.at());
        return 0;
    });
    forget_keys();
    return answer;
}

void Errands::forget_keys() {
    try {
        keys_left_ = keys_left_ && !database_.forget();
    } catch (const Error&) {
        // The change is made, and answered; finish_left() tries this again.
    }
}

void Errands::finish_before(const std::string& id) {
    auto older = database_.read([&](store::Database& database) { return store::Errands(database).all(id); });
    {
        const std::scoped_lock lock(mutex_);
        std::erase_if(older, [&](const store::Errand& each) { return running_.contains(each.id); });
    }
    for (const auto& errand : older) {
        try {
            finish(errand);
            log_(fmt::format("request {}: {} was finished", errand.request_id, errand.action));
        } catch (const Error& error) {
            if (error.code() == Code::unavailable)
                throw;
            log_(fmt::format("request {}: {} was not done: {}", errand.request_id, errand.action, error.text()));
        }
    }
}

void Errands::finish_left() {
    const std::unique_lock lock(carrying_, patience);
    if (!lock)
        return; // later
    try {
        finish_before({});
    } catch (const Error& error) {
        if (error.code() != Code::unavailable)
            throw;
        // Later, and in this order.
    }
    forget_keys();
}

} // namespace vectis::accounts
