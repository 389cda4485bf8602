#include "mail/submitter.hpp"

#include "base/clock.hpp"
#include "base/error.hpp"
#include "mail/story.hpp"
#include "mail/tracking.hpp"
#include "mail/unsubscribe.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace vectis::mail {

namespace {

constexpr std::size_t at_once = 200;
/// Postfix closes a connection that says nothing for a while; its process is better used by others before that.
constexpr std::chrono::seconds idle{5};
constexpr std::chrono::seconds between_looks{60};
constexpr std::chrono::seconds answer_limit{300}; // Rspamd judges the message within it
constexpr std::chrono::seconds doubt{30};         // Postfix's log, or its queue, says what became of it before

std::chrono::seconds backoff(std::int64_t attempts) {
    constexpr std::chrono::seconds longest{600};
    return std::min(longest, std::chrono::seconds(5LL << std::min<std::int64_t>(attempts, 10)));
}

} // namespace

Submitter::Submitter(store::Vectis& database, Options options, Log log) :
    database_(database), options_(std::move(options)), log_(std::move(log)) {
    // A process that was killed may have handed it over, and Postfix may be at it still: its log or its queue tells.
    in_doubt_until_ = Clock::now() + 2 * doubt;
    database_.write([](store::Database& own) {
        const auto start = now();
        store::Messages(own).hold_back(rfc3339(start), rfc3339(start + doubt));
        return 0;
    });
}

void Submitter::begin() {
    const std::lock_guard lock(mutex_);
    begun_ = look_ = true;
    changed_.notify_all();
}

void Submitter::wake() {
    const std::lock_guard lock(mutex_);
    look_ = true;
    changed_.notify_all();
}

bool Submitter::is_handing_over(std::int64_t recipient) {
    const std::lock_guard lock(mutex_);
    return handing_over_.contains(recipient);
}

bool Submitter::is_in_doubt() {
    const std::lock_guard lock(mutex_);
    return Clock::now() < in_doubt_until_;
}

void Submitter::run(const std::stop_token& stop) {
    std::optional<SmtpSession> session;
    while (!stop.stop_requested()) {
        auto recipient = next(stop, session ? std::optional<Clock::duration>(idle) : std::nullopt);
        if (recipient)
            hand_over(session, std::move(*recipient));
        else
            session.reset();
    }
}

std::optional<store::Recipient> Submitter::next(const std::stop_token& stop, std::optional<Clock::duration> patience) {
    const auto until = patience ? Clock::now() + *patience : Clock::time_point::max();
    std::unique_lock lock(mutex_);
    for (;;) {
        const auto now = Clock::now();
        if (stop.stop_requested() || now >= until)
            return std::nullopt;
        const bool allowed = may_begin();
        if (allowed && !ready_.empty()) {
            auto recipient = std::move(ready_.front());
            ready_.pop_front();
            return recipient;
        }
        if (allowed && !loading_ && (look_ || now >= next_look_)) {
            loading_ = true;
            look_ = false;
            lock.unlock();
            load();
            lock.lock();
            loading_ = false;
            changed_.notify_all();
            continue;
        }
        // Who loads sets the time of the next look, and wakes the others then.
        const auto next_time = begun_ && !allowed ? not_before_ : loading_ ? Clock::time_point::max() : next_look_;
        const auto deadline = std::min({until, next_time, now + between_looks});
        changed_.wait_until(lock, stop, deadline, [&] {
            return may_begin() && (!ready_.empty() || (!loading_ && (look_ || next_look_ < deadline)));
        });
    }
}

bool Submitter::may_begin() const {
    return begun_ && Clock::now() >= not_before_;
}

void Submitter::load() {
    try {
        database_.read([&](store::Database& database) {
            store::Messages messages(database);
            const std::size_t taken = [&] {
                const std::lock_guard lock(mutex_);
                return under_way_.size();
            }();
            auto due = messages.due(rfc3339(now()), at_once + taken);
            const auto later = messages.next_due();
            const std::lock_guard lock(mutex_);
            std::size_t added = 0;
            for (auto& each : due) {
                if (added < at_once && under_way_.insert(each.id).second) {
                    ready_.push_back(std::move(each));
                    ++added;
                }
            }
            if (added == at_once)
                look_ = true;
            next_look_ = Clock::now() + between_looks;
            if (later) {
                const auto wait = parse_rfc3339(*later) - now();
                if (wait > std::chrono::milliseconds(0))
                    next_look_ = std::min(next_look_, Clock::now() + std::chrono::milliseconds(wait));
            }
        });
    } catch (const std::exception& fault) {
        pause(std::chrono::seconds(5), as_error(fault).text());
    }
}

void Submitter::hand_over(std::optional<SmtpSession>& session, store::Recipient recipient) {
    const std::int64_t id = recipient.id;
    const bool kept = session.has_value();
    bool answered = false;
    try {
        std::optional<store::Suppression> suppression;
        std::string fields;
        std::optional<store::TrackedHtml> own_html;
        const auto [content, sender] = database_.read([&](store::Database& database) {
            store::Messages messages(database);
            const auto current = messages.recipient(id);
            if (!current || current->status != "queued" || current->held)
                return std::pair<std::string, std::string>(); // canceled, kept back, or in Postfix's log
            const auto message = messages.find(recipient.message);
            // Since it was accepted.
            if (message)
                suppression = messages.suppressions().find(message->domain, recipient.address, rfc3339(now()));
            if (suppression)
                return std::pair<std::string, std::string>();
            auto bytes = messages.content(recipient.message);
            if (!message || !bytes)
                throw Error(Code::internal, fmt::format("message {} has nothing to hand over", recipient.message));
            own_html = messages.readings().html(recipient.message);
            // Before the database is anybody else's: who cancels from now on is too late.
            const std::lock_guard lock(mutex_);
            handing_over_.insert(id);
            fields = unsubscribe_fields(*message, id, options_.unsubscribe_key);
            return std::pair{*std::move(bytes), message->domain};
        });
        if (suppression)
            give_up(recipient, *suppression);
        if (!content.empty()) {
            if (!session)
                session.emplace(options_.socket, "localhost", answer_limit);
            const std::string envelope_sender = bounce_address(id, sender, options_.token_key);
            const Subscriber reader{.recipient = id, .message = recipient.message};
            const Reply reply = session->send(
                {.sender = envelope_sender, .recipient = recipient.address, .id = recipient.message},
                fields + (own_html ? content_for(content, *own_html, reader, options_.tracking_key) : content));
            answered = true;
            note(recipient, reply);
        }
        const std::lock_guard lock(mutex_);
        said_.clear();
    } catch (const std::exception& fault) {
        const bool in_doubt = answered || (session && session->in_doubt());
        session.reset();
        if (in_doubt)
            postpone(recipient, doubt);
        // A connection that was kept may have ended meanwhile: that says nothing of the next one.
        if (answered || !kept)
            pause(std::chrono::seconds(2), as_error(fault).text());
    }
    const std::lock_guard lock(mutex_);
    handing_over_.erase(id);
    under_way_.erase(id);
    look_ = true; // by this thread, as soon as it asks for the next one
}

void Submitter::note(store::Recipient recipient, const Reply& reply) {
    const std::string at = rfc3339(now());
    database_.write([&](store::Database& database) {
        store::Messages messages(database);
        // The log may have told it already.
        auto current = messages.recipient(recipient.id);
        if (!current || current->status != "queued")
            return 0;
        if (reply.good()) {
            current->queue_id = queue_id_in(reply.text);
            tell(messages, *current, "sent", {}, at);
        } else if (reply.for_good()) {
            current->code = enhanced_code_in(reply.text);
            current->answer = fmt::format("{} {}", reply.code, reply.text);
            tell(messages, *current, "bounced", {}, at);
        } else {
            current->answer = fmt::format("{} {}", reply.code, reply.text);
            current->due_at = rfc3339(now() + backoff(current->attempts++));
            current->updated_at = at;
            messages.update(*current);
        }
        return 0;
    });
}

void Submitter::give_up(const store::Recipient& recipient, const store::Suppression& why) {
    database_.write([&](store::Database& database) {
        store::Messages messages(database);
        auto current = messages.recipient(recipient.id);
        if (current && current->status == "queued")
            tell_suppressed(messages, *current, why, rfc3339(now()));
        return 0;
    });
}

void Submitter::postpone(store::Recipient recipient, std::chrono::seconds wait) {
    {
        const std::lock_guard lock(mutex_);
        in_doubt_until_ = Clock::now() + 2 * doubt;
    }
    try {
        database_.write([&](store::Database& database) {
            store::Messages messages(database);
            auto current = messages.recipient(recipient.id);
            if (current && current->status == "queued") {
                current->due_at = rfc3339(now() + wait);
                ++current->attempts;
                messages.update(*current);
            }
            return 0;
        });
    } catch (const std::exception& fault) {
        // Due at once, then: twice is better than never.
        pause(doubt, as_error(fault).text());
    }
}

void Submitter::pause(Clock::duration wait, const std::string& why) {
    std::unique_lock lock(mutex_);
    not_before_ = Clock::now() + wait;
    if (said_ != why) {
        said_ = why;
        lock.unlock();
        log_("mail waits: " + why);
    }
}

} // namespace vectis::mail
