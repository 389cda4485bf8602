// The tables webhooks, webhook_deliveries and webhook_attempts of vectis.db: who is told of events, and what became of
// it.
#pragma once

#include "store/page.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace vectis::store {

struct MessageEvent;

struct Webhook {
    std::string id;
    std::optional<std::string> domain; // whose events; nothing: those of every domain, and the server's own
    std::string url;
    std::string description;
    std::string events; // JSON list of types; "*" for all
    std::string secret;
    std::optional<std::string> old_secret; // signs beside it until then
    std::optional<std::string> old_secret_until;
    bool enabled = true;
    std::optional<std::string> disabled_because; // what this server had against it
    std::optional<std::string> delivered_at;     // when it took something last
    std::string created_at;
    std::string updated_at;
    std::string origins = R"(["api"])"; // JSON list: of messages that came by which ways it is told
};

struct WebhookAttempt {
    std::string at;
    std::optional<std::int64_t> code; // the HTTP status; nothing: there was no answer
    std::optional<std::string> fault; // why not: web::fault_name()
    std::string detail;
    std::int64_t milliseconds = 0;
};

struct WebhookDelivery {
    std::string id;
    std::string webhook;
    std::string event; // its id
    std::string type;
    std::string message;            // empty: about none
    std::string status = "pending"; // delivered, dead
    std::int64_t attempts = 0;      // since it was made or replayed
    std::string due_at;
    std::string created_at;
    std::string updated_at;
    std::optional<std::int64_t> code; // these four are the last attempt's
    std::optional<std::string> fault;
    std::optional<std::string> detail;
    std::optional<std::int64_t> milliseconds;
};

class Webhooks {
  public:
    explicit Webhooks(Database& database) : database_(database) {}

    void add(const Webhook& webhook);
    [[nodiscard]] std::optional<Webhook> find(const std::string& id);
    [[nodiscard]] std::vector<Webhook> page(const Page& page);
    /// Those that are enabled.
    [[nodiscard]] std::vector<Webhook> enabled();
    /// Writes everything down but id, created_at and delivered_at.
    void update(const Webhook& webhook);
    /// With all its deliveries.
    void remove(const std::string& id);

    /// A delivery for each enabled webhook that wants the event. `origin` is the message's; empty: it is about none.
    /// Says how many.
    std::size_t fan_out(const MessageEvent& event, const std::string& origin = {});
    /// A delivery of an event that is written down to this webhook, whatever it wants; it is due at event.at. Returns
    /// its id.
    std::string add_delivery(const MessageEvent& event, const std::string& webhook);
    /// Writes the event down and delivers it to this webhook alone, whatever it wants. Returns the delivery's id.
    std::string deliver(const MessageEvent& event, const std::string& webhook);

    [[nodiscard]] std::optional<WebhookDelivery> delivery(const std::string& id);
    [[nodiscard]] std::vector<WebhookDelivery> deliveries(const Page& page);
    /// The oldest first.
    [[nodiscard]] std::vector<WebhookAttempt> attempts(const std::string& delivery);
    /// Those of one webhook that are due at `at`, the longest due first. One about a message waits for those before it
    /// about the same message, until they have failed so often that waiting would help nobody.
    [[nodiscard]] std::vector<WebhookDelivery> due(const std::string& webhook, const std::string& at, std::size_t most);
    /// When one of an enabled webhook is due next after `at`, if there is one.
    [[nodiscard]] std::optional<std::string> next_due(const std::string& at);
    /// Whether something waits for another attempt.
    [[nodiscard]] bool has_failed(const std::string& webhook);
    /// What an attempt came to: the row gets status, attempts, due_at and the attempt's outcome; the webhook's
    /// delivered_at is this one's if it was delivered.
    void note(const WebhookDelivery& delivery, const WebhookAttempt& attempt);
    /// Every pending delivery of the webhook is dead from now on.
    void give_up(const std::string& webhook, const std::string& at);

    /// Due at once, as if it were new; the same event, so that its receiver can tell a repetition.
    void replay(const std::string& delivery, const std::string& at);
    /// The same for all that are dead. Says how many.
    std::uint64_t replay_dead(const std::string& webhook, const std::string& at);
    /// The same for every event that the webhook wants from `since` to `until`, those it was never told included; tests
    /// are over.
    std::uint64_t replay_range(const Webhook& webhook, const std::string& since, const std::string& until,
                               const std::string& at);

  private:
    Database& database_;
};

} // namespace vectis::store
