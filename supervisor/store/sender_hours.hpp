// The table sender_hours of vectis.db: what each API key and each mailbox did in an hour, counted in the transaction of
// each event.
#pragma once

#include "store/database.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace vectis::store {

struct Message;
struct MessageEvent;

struct SenderHour {
    std::string hour; // when it begins
    std::string domain;
    std::int64_t recipients = 0; // to whom something was accepted
    std::int64_t bounced = 0;
    std::int64_t complained = 0;
};

class SenderHours {
  public:
    explicit SenderHours(Database& database) : database_(database) {}

    struct Sender {
        std::string kind; // key, mailbox
        std::string name;
    };

    /// The one that is counted for a message; nobody (empty) if a person sent it through the API.
    [[nodiscard]] static Sender sender_of(const Message& message);
    /// When the hour of a time begins, as the table has it.
    [[nodiscard]] static std::string hour_of(const std::string& at);

    /// `message` is the one that the event is about.
    void count(const MessageEvent& event, const Message& message);
    /// Who has sent to at least so many from `hour` on.
    [[nodiscard]] std::vector<Sender> busy(const std::string& hour, std::int64_t least);
    /// What one did from `hour` on, the oldest first.
    [[nodiscard]] std::vector<SenderHour> of(const Sender& sender, const std::string& hour);
    /// Everybody's of before; says how many rows.
    std::int64_t forget(const std::string& hour);

  private:
    Database& database_;
};

} // namespace vectis::store
