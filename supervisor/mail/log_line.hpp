// What Postfix's programs write to the log about one message, one line at a time (Postfix 3.7 to 3.10). Pure, and takes
// any bytes: addresses, host names and above all the reason at the end of a delivery's line were written by strangers.
// Whoever reads the journal vouches for the writer: any user can log a line that says it comes from postfix/smtp.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace vectis::mail {

/// Whether it is one of Postfix's queue ids, short (hexadecimal) or long (base 52).
[[nodiscard]] bool is_queue_id(std::string_view text);
/// The queue id in this host's own "250 2.0.0 Ok: queued as 4jb28M41C7zycb", or local(8)'s "forwarded as ...".
[[nodiscard]] std::optional<std::string> queued_as(std::string_view reply);

/// smtpd(8) gave a message that comes in its queue id.
struct Accepted {
    std::string queue_id;
    std::string client;        // mx.example.net[192.0.2.1]
    std::string sasl_username; // empty: nobody logged in
};
/// qmgr(8) took it up: for the first time, or once more after a deferral.
struct Queued {
    std::string queue_id;
    std::string from; // the envelope sender; empty: the null sender
    std::uint64_t size = 0;
    std::uint64_t recipients = 0;
};
/// cleanup(8) saw its Message-ID, given with its angle brackets.
struct MessageId {
    std::string queue_id;
    std::string message_id;
};

enum class Status : std::uint8_t { sent, deferred, bounced, expired };
/// Where the time went: before qmgr took it up, in qmgr, for the connection, for the transfer.
struct Delays {
    std::chrono::milliseconds before{0};
    std::chrono::milliseconds in_queue{0};
    std::chrono::milliseconds connection{0};
    std::chrono::milliseconds transfer{0};
};
/// What an attempt came to for one recipient.
struct Delivery {
    std::string program; // smtp, lmtp, local, virtual, pipe, error, discard, qmgr, cleanup
    std::string queue_id;
    std::string to;
    std::string original_to; // before aliases; empty if it is the same
    std::string relay;       // mx.example.net[192.0.2.1]:25, host[private/dovecot-lmtp], local, none
    std::optional<std::chrono::milliseconds> delay;
    std::optional<Delays> delays;
    std::string dsn; // 2.0.0
    Status status = Status::deferred;
    std::string reason; // text of strangers, without the parentheses around it; its end may be missing
};

/// qmgr(8) gave up every recipient that was still waiting, and returned the message to its sender.
struct Expired {
    std::string queue_id;
    bool by_hand = false; // postsuper -e
};
/// bounce(8) wrote to the sender of `queue_id` what was not delivered.
struct BounceSent {
    std::string queue_id;
    std::string bounce_queue_id;
};
/// qmgr(8) is done with it: each recipient has had its line.
struct Removed {
    std::string queue_id;
};
/// postsuper -d. Nobody was told, the recipients have no line. `postsuper -d ALL` logs nothing about any message.
struct RemovedByHand {
    std::string queue_id;
};
/// It was on its way in and never came to be in the queue: refused by a milter, or its client went away.
struct NeverQueued {
    std::string queue_id;
};
/// A milter or a rule accepted it and threw it away.
struct Discarded {
    std::string queue_id;
    std::string reason;
};
/// postsuper -h, a milter or a rule.
struct Held {
    std::string queue_id;
};
/// postsuper -H.
struct Released {
    std::string queue_id;
};
/// postsuper -r: pickup(8) takes it up under another id.
struct Requeued {
    std::string queue_id;
};
/// pickup(8) took a requeued message up.
struct PickedUp {
    std::string queue_id;
    std::string original_queue_id;
};

using LogEvent = std::variant<Accepted, Queued, MessageId, Delivery, Expired, BounceSent, Removed, RemovedByHand,
                              NeverQueued, Discarded, Held, Released, Requeued, PickedUp>;

/// The queue id that a line begins with.
[[nodiscard]] const std::string& queue_id_of(const LogEvent& event);

/// `identifier` is the journal's SYSLOG_IDENTIFIER: postfix/smtp, postfix-out/smtp, postfix/submission/smtpd,
/// postsuper. Nothing if the line is about no message, is not understood, was cut off before its status was said, or
/// contradicts itself.
[[nodiscard]] std::optional<LogEvent> read_log_line(std::string_view identifier, std::string_view line);

} // namespace vectis::mail
