// The tables inbound and inbound_contents of vectis.db: what came in by a route, as it came.
#pragma once

#include "store/messages.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace vectis::store {

struct InboundMessage {
    std::string id;
    std::string queue_id; // Postfix's
    std::string recipient;
    std::string sender; // of the envelope; empty: a bounce
    std::string domain;
    std::string route; // its id; format and webhook are as it had them then
    std::string format;
    std::optional<std::string> webhook;
    std::string subject;
    std::string message_id;
    std::uint64_t size = 0;
    bool spam = false;
    std::string event; // its id
    std::string created_at;
};

class Inbound {
  public:
    explicit Inbound(Database& database) : database_(database) {}

    /// Writes message, content and event down, with a delivery for whoever the route names, or else for each webhook
    /// that wants the event. False: that queue id and recipient are there already, and nothing was written.
    bool add(const InboundMessage& message, const std::string& content, const MessageEvent& event);
    [[nodiscard]] std::optional<InboundMessage> find(const std::string& id);
    [[nodiscard]] std::vector<InboundMessage> page(const Page& page);
    [[nodiscard]] bool has(const std::string& queue_id, const std::string& recipient);
    [[nodiscard]] std::optional<std::string> content(const std::string& id);
    /// Delivers its event again to those that were to be told, or, if there were none, to those that are by now. Says
    /// how many.
    std::size_t tell_again(const InboundMessage& message, const std::string& at);
    /// Removes the oldest that came before `before`, at most `most`, with their events and deliveries. Says how many.
    std::int64_t forget(const std::string& before, std::size_t most);

  private:
    std::size_t tell(const InboundMessage& message, const MessageEvent& event);

    Database& database_;
};

} // namespace vectis::store
