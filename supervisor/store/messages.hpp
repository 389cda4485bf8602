// The tables messages, message_contents, recipients, events and tracking of vectis.db.
#pragma once

#include "store/page.hpp"
#include "store/readings.hpp"
#include "store/submissions.hpp"
#include "store/suppressions.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace vectis::store {

struct Message {
    std::string id;
    std::string domain;
    std::string sent_by;
    std::string sender;
    std::string subject;
    std::string message_id;
    std::string tags;     // JSON list
    std::string metadata; // JSON object
    std::uint64_t size = 0;
    std::string created_at;
    std::optional<std::string> send_at;
    std::optional<std::string> unsubscribe_url;    // of this server, up to the recipient's token
    std::optional<std::string> unsubscribe_mailto; // beside it
    bool track_opens = false;
    bool track_clicks = false;
    std::string origin = "api";                    // submission: of a person, who has logged in (mail/submissions)
    std::optional<std::string> key = std::nullopt; // the id of the API key that sent it
};

struct Recipient {
    std::int64_t id = 0;
    std::string message;
    std::string address;
    std::string status = "queued";
    std::optional<std::string> queue_id;
    std::int64_t attempts = 0;
    std::string due_at;
    std::optional<std::string> code;
    std::optional<std::string> answer;
    std::optional<std::string> relay;
    std::string updated_at;
    /// What the sender gave, where an alias led from it to `address`.
    std::optional<std::string> original_to = std::nullopt;
    /// While it is queued: kept back, since whoever sent it is held (mail/holds).
    bool held = false;

    /// Its status for people.
    [[nodiscard]] const std::string& shown_status() const;

    bool operator==(const Recipient&) const = default;
};

struct MessageEvent {
    std::string id;
    std::string at;
    std::string type;
    std::string domain;
    std::string message;
    std::string recipient;
    std::string data; // JSON
};

/// Writes an event down, and nothing else.
void insert_event(Database& database, const MessageEvent& event);

class Messages {
  public:
    explicit Messages(Database& database) : database_(database) {}

    /// With what goes out. Gives the recipients their ids.
    void add(const Message& message, const std::string& content, std::vector<Recipient>& recipients);
    /// One that Postfix has already: nothing is known of its recipients, and nothing is kept of what it says.
    void add_followed(const Message& message);
    /// One more of such a message. Gives it its id.
    void add_recipient(Recipient& recipient);
    [[nodiscard]] std::optional<Message> find(const std::string& id);
    /// What a search asks for beside the columns of a page; all of it.
    struct Search {
        std::optional<std::string> recipient; // whole address, in any case of its letters
        std::optional<std::string> status;    // some recipient's
        std::optional<std::string> tag;
        std::optional<std::string> subject; // words, not empty
        std::optional<std::string> since;   // accepted from then on
        std::optional<std::string> until;   // and before then
    };
    [[nodiscard]] std::vector<Message> search(const Search& search, Page page);
    /// In the order in which they were given.
    [[nodiscard]] std::vector<Recipient> recipients(const std::string& message);
    /// The oldest first.
    [[nodiscard]] std::vector<MessageEvent> events(const std::string& message);

    [[nodiscard]] std::optional<Recipient> recipient(std::int64_t id);
    [[nodiscard]] std::optional<Recipient> recipient_in_queue(const std::string& queue_id);
    /// The recipient of a message with exactly these addresses.
    [[nodiscard]] std::optional<Recipient> recipient_of(const std::string& message, const std::string& address,
                                                        const std::optional<std::string>& original_to);
    /// Up to `most` that are in Postfix's queue under this id and have not come to an end; the first that come after
    /// the one with the id `last`.
    [[nodiscard]] std::vector<Recipient> waiting_in_queue(const std::string& queue_id, std::int64_t last,
                                                          std::size_t most);
    /// Those that Postfix has, by what it said, and of whom nothing is news since `before`.
    [[nodiscard]] std::vector<Recipient> at_postfix(const std::string& before);
    /// Up to `most` of what an API key sent that are queued, and kept back or not; those that come after the one with
    /// the id `last`.
    [[nodiscard]] std::vector<Recipient> queued_of_key(const std::string& key, bool held, std::int64_t last,
                                                       std::size_t most);
    /// Those that are to be handed to Postfix by `at`, the longest due first.
    [[nodiscard]] std::vector<Recipient> due(const std::string& at, std::size_t most);
    /// None of those that are to be handed over by `at` before `until`.
    void hold_back(const std::string& at, const std::string& until);
    /// When the next one is due, if there is one.
    [[nodiscard]] std::optional<std::string> next_due();
    /// What goes out; nothing once Postfix has it for every recipient.
    [[nodiscard]] std::optional<std::string> content(const std::string& message);
    /// Forgets what goes out once no recipient of the message waits for Postfix.
    void drop_content_if_handed_over(const std::string& message);

    /// Writes everything but message and address down.
    void update(const Recipient& recipient);
    /// Forgets up to `most` messages that were accepted before then and of which nothing more is to come, with all that
    /// became of them. Says how many.
    std::int64_t forget(const std::string& before, std::size_t most);
    /// The same for events that are about no message that is still here.
    std::int64_t forget_other_events(const std::string& before, std::size_t most);

    /// Writes it down, with a delivery for each webhook that wants it, and counts it.
    void add_event(const MessageEvent& event);
    /// The same for whoever has the message that it is about.
    void add_event(const MessageEvent& event, const Message& message);
    /// Whether something of this type is told of it already.
    [[nodiscard]] bool has_event(const Recipient& recipient, const std::string& type);
    /// The same of what happened at this time.
    [[nodiscard]] bool has_event(const Recipient& recipient, const std::string& type, const std::string& at);
    [[nodiscard]] std::optional<MessageEvent> event(const std::string& id);

    /// Of the same database.
    [[nodiscard]] Suppressions suppressions() { return Suppressions(database_); }
    [[nodiscard]] Readings readings() { return Readings(database_); }
    [[nodiscard]] Submissions submissions() { return Submissions(database_); }

    /// A secret of this server's own, 32 bytes in hexadecimal; `fresh` from now on if there is none.
    [[nodiscard]] std::string own_secret(const std::string& name, const std::string& fresh);

    /// Where the journal was read to; nothing before the first time.
    [[nodiscard]] std::optional<std::string> cursor();
    void set_cursor(const std::string& cursor);

  private:
    void insert(const Message& message);
    [[nodiscard]] std::vector<Message> page(const Page& page);
    /// The same of those whose subject has these words (FTS5's language).
    [[nodiscard]] std::vector<Message> page_with_words(const Page& page, const std::string& words,
                                                       const Search& search);

    Database& database_;
};

} // namespace vectis::store
