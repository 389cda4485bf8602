// Whether a message is opened and its links are followed, where whoever sends it asks to know: each recipient's HTML
// has links of this server's in place of its own, and a picture at its end. What is heard of is bounded, and the same
// reader counts once.
#pragma once

#include "base/json.hpp"
#include "mail/token.hpp"
#include "store/messages.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace vectis::mail {

/// What is followed of a message.
struct Tracking {
    bool opens = false;
    bool clicks = false;
};

inline constexpr std::size_t most_links = 1000;
inline constexpr std::int64_t most_readings = 50;      // events of one recipient and kind
inline constexpr std::size_t longest_user_agent = 200; // octets that are kept

/// An HTML text and what of it is each recipient's own; nothing if that is nothing. Links to unsubscribe that are this
/// server's stay as they are. Where its part is in the message is the caller's to say.
[[nodiscard]] std::optional<store::TrackedHtml> tracked(const std::string& html, const Tracking& asked,
                                                        const std::string& hostname);
/// The HTML for one recipient. `key` signs the tokens.
[[nodiscard]] std::string html_for(const store::TrackedHtml& html, const Subscriber& reader, std::string_view key);
/// The message for one recipient, of the content that all have in common.
[[nodiscard]] std::string content_for(const std::string& content, const store::TrackedHtml& html,
                                      const Subscriber& reader, std::string_view key);

/// opened, clicked: as events, counts and rows call it.
[[nodiscard]] std::string name(Reading reading);
/// Whether one more is written down.
[[nodiscard]] bool has_room(store::Messages& messages, const store::Recipient& recipient, Reading reading);
/// What is kept of a program that says who it is.
[[nodiscard]] std::string kept_user_agent(std::string_view field);
/// Within a transaction: the event, which counts if it is the recipient's first of its kind; nothing where there is no
/// room. `more` is what is known of it.
void tell_reading(store::Messages& messages, const store::Recipient& recipient, Reading reading, Json more,
                  const std::string& at);

} // namespace vectis::mail
