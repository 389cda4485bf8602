#include "mail/log_line.hpp"

#include "base/text.hpp"
#include "mail/status_code.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace vectis::mail {

namespace {

/// Takes a line apart from its front. What is not there is left where it is.
class LineReader {
  public:
    explicit LineReader(std::string_view line) : rest_(line) {}

    [[nodiscard]] std::string_view rest() const { return rest_; }

    bool take(std::string_view text) {
        if (!rest_.starts_with(text))
            return false;
        rest_.remove_prefix(text.size());
        return true;
    }

    /// What comes before `end`, and `end`.
    std::optional<std::string_view> until(std::string_view end) {
        const auto at = rest_.find(end);
        if (at == std::string_view::npos)
            return std::nullopt;
        const auto text = rest_.substr(0, at);
        rest_.remove_prefix(at + end.size());
        return text;
    }

    /// The name of a field and its equals sign.
    std::optional<std::string_view> key() {
        const auto end = rest_.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-");
        if (end == 0 || end == std::string_view::npos || rest_[end] != '=')
            return std::nullopt;
        const auto key = rest_.substr(0, end);
        rest_.remove_prefix(end + 1);
        return key;
    }

    /// A value without angle brackets: what comes before the next comma and blank, or before the end.
    std::string_view value() {
        const auto text = rest_.substr(0, rest_.find(", "));
        rest_.remove_prefix(text.size());
        return text;
    }

    /// An address in angle brackets. A local part in quotes may have anything in it; outside of quotes Postfix writes
    /// no blank, quote or angle bracket (info_log_address_format = external). Of a domain it writes whatever it was
    /// given: one with an angle bracket in it cannot be told from the fields behind it, and is refused before it is
    /// sent.
    std::optional<std::string> address() {
        if (!rest_.starts_with('<'))
            return std::nullopt;
        std::size_t at = 1;
        if (at < rest_.size() && rest_[at] == '"') {
            for (++at; at < rest_.size() && rest_[at] != '"'; ++at)
                at += rest_[at] == '\\' ? 1 : 0;
            ++at;
        }
        const auto end = rest_.find_first_of("<>\" \t", std::min(at, rest_.size()));
        if (end == std::string_view::npos || rest_[end] != '>')
            return std::nullopt;
        std::string address(rest_.substr(1, end - 1));
        rest_.remove_prefix(end + 1);
        return address;
    }

    /// A queue id and the colon behind it.
    std::optional<std::string> queue_id() {
        const auto at = rest_.find(": ");
        if (at == std::string_view::npos || !is_queue_id(rest_.substr(0, at)))
            return std::nullopt;
        std::string id(rest_.substr(0, at));
        rest_.remove_prefix(at + 2);
        return id;
    }

  private:
    std::string_view rest_;
};

std::optional<std::uint64_t> log_number(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

/// Seconds as Postfix writes them: 0, 0.09, 12, 300000.
std::optional<std::chrono::milliseconds> log_seconds(std::string_view text) {
    constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
    const auto dot = text.find('.');
    const auto whole = log_number(text.substr(0, dot));
    if (!whole || *whole > most)
        return std::nullopt;
    std::chrono::milliseconds time = std::chrono::seconds(*whole);
    if (dot == std::string_view::npos)
        return time;
    const auto fraction = text.substr(dot + 1);
    if (fraction.empty() || !log_number(fraction))
        return std::nullopt;
    const std::string thousandths = (std::string(fraction) + "00").substr(0, 3);
    return time + std::chrono::milliseconds(*log_number(thousandths));
}

std::optional<Delays> log_delays(std::string_view text) {
    std::array<std::chrono::milliseconds, 4> times{};
    const auto parts = split(text, '/');
    if (parts.size() != times.size())
        return std::nullopt;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const auto time = log_seconds(parts[i]);
        if (!time)
            return std::nullopt;
        times.at(i) = *time;
    }
    return Delays{times[0], times[1], times[2], times[3]};
}

std::optional<Status> log_status(std::string_view word) {
    if (word == "sent")
        return Status::sent;
    // soft_bounce: Postfix keeps what it would have returned.
    if (word == "deferred" || word == "SOFTBOUNCE")
        return Status::deferred;
    if (word == "bounced")
        return Status::bounced;
    if (word == "expired")
        return Status::expired;
    return std::nullopt; // deliverable, undeliverable: a question, no delivery
}

/// A code that says the opposite of the status is no sign of a line that was understood.
bool status_fits(Status status, std::string_view dsn) {
    const auto code = status_code(dsn);
    if (!code)
        return false;
    switch (status) {
    case Status::sent:
        return code->severity == 2;
    case Status::deferred:
        return code->severity == 4;
    case Status::bounced:
        return code->severity == 5;
    case Status::expired:
        break;
    }
    return code->severity != 2;
}

/// Fields by name in any order, those unknown skipped; `status` is the last one, and behind it nothing is a field.
std::optional<LogEvent> read_delivery(std::string_view program, std::string queue_id, LineReader line) {
    Delivery delivery{.program = std::string(program), .queue_id = std::move(queue_id)};
    bool has_recipient = false;
    for (;;) {
        const auto key = line.key();
        if (!key)
            return std::nullopt;
        if (*key == "status") {
            const auto word = line.until(" (");
            const auto status = log_status(word.value_or(""));
            if (!status || !has_recipient || delivery.relay.empty() || !status_fits(*status, delivery.dsn))
                return std::nullopt;
            delivery.status = *status;
            delivery.reason = line.rest();
            if (delivery.reason.ends_with(')')) // else the line was cut
                delivery.reason.pop_back();
            return delivery;
        }
        const bool in_brackets = line.rest().starts_with('<');
        const auto address = in_brackets ? line.address() : std::nullopt;
        const auto value = in_brackets ? std::string_view() : line.value();
        if ((in_brackets && !address) || !line.take(", "))
            return std::nullopt;
        // A field that stands twice: one of the two was written by somebody else.
        bool twice = false;
        const auto set = [&](std::string& field, std::string_view text) {
            twice = !field.empty();
            field = text;
        };
        if (*key == "to") {
            twice = has_recipient;
            has_recipient = address.has_value();
            delivery.to = address.value_or("");
        } else if (*key == "orig_to") {
            set(delivery.original_to, address.value_or(""));
        } else if (*key == "relay") {
            set(delivery.relay, value);
        } else if (*key == "dsn") {
            set(delivery.dsn, value);
        } else if (*key == "delay") {
            delivery.delay = log_seconds(value);
        } else if (*key == "delays") {
            delivery.delays = log_delays(value);
        }
        if (twice)
            return std::nullopt;
    }
}

/// from=<alice@example.test>, size=973, nrcpt=1 (queue active)
/// from=<alice@example.test>, status=expired, returned to sender
std::optional<LogEvent> read_sender(std::string queue_id, LineReader line) {
    auto from = line.take("from=") ? line.address() : std::nullopt;
    if (!from || !line.take(", "))
        return std::nullopt;
    if (line.rest() == "status=expired, returned to sender")
        return Expired{std::move(queue_id), false};
    if (line.rest() == "status=force-expired, returned to sender")
        return Expired{std::move(queue_id), true};
    const auto size = line.take("size=") ? log_number(line.value()) : std::nullopt;
    const auto recipients = line.take(", nrcpt=") ? log_number(line.until(" ").value_or("")) : std::nullopt;
    if (!size || !recipients)
        return std::nullopt;
    return Queued{std::move(queue_id), std::move(*from), *size, *recipients};
}

/// client=unknown[198.51.100.7], sasl_method=PLAIN, sasl_username=alice@example.test
std::optional<LogEvent> read_client(std::string queue_id, LineReader line) {
    Accepted accepted{.queue_id = std::move(queue_id), .client = std::string(line.value())};
    // Behind the user name, the first of which counts, come sasl_sender and others that a client can fill.
    while (line.take(", ")) {
        const auto key = line.key();
        if (!key)
            break;
        const auto value = line.value();
        if (*key == "sasl_username" && accepted.sasl_username.empty())
            accepted.sasl_username = value;
        if (*key == "sasl_sender")
            break;
    }
    return accepted.client.empty() ? std::nullopt : std::optional<LogEvent>(accepted);
}

/// What milters and rules have done, in smtpd(8) and cleanup(8).
std::optional<LogEvent> read_action(std::string queue_id, LineReader line) {
    if (line.take("hold: ") || line.take("milter-hold: "))
        return Held{std::move(queue_id)};
    if (line.take("discard: ") || line.take("milter-discard: "))
        return Discarded{std::move(queue_id), std::string(line.rest())};
    return std::nullopt;
}

std::optional<LogEvent> read_cleanup(std::string queue_id, LineReader line) {
    if (line.take("message-id=")) {
        const auto id = trim(line.rest());
        if (id.empty() || id == "<>")
            return std::nullopt;
        return MessageId{std::move(queue_id), std::string(id)};
    }
    // Both since Postfix 3.10.
    if (line.rest() == "removed (canceled)")
        return NeverQueued{std::move(queue_id)};
    if (line.rest() == "removed (discarded)")
        return Discarded{std::move(queue_id), {}};
    // Before 3.10 that is all there is. Of a recipient alone smtpd(8) would say it.
    if (line.take("milter-reject: ") || line.take("reject: "))
        return NeverQueued{std::move(queue_id)};
    return read_action(std::move(queue_id), line);
}

std::optional<LogEvent> read_postsuper(std::string queue_id, LineReader line) {
    const auto what = line.rest();
    if (what == "removed")
        return RemovedByHand{std::move(queue_id)};
    if (what == "placed on hold")
        return Held{std::move(queue_id)};
    if (what == "released from hold")
        return Released{std::move(queue_id)};
    if (what == "requeued")
        return Requeued{std::move(queue_id)};
    return std::nullopt;
}

std::optional<LogEvent> read_bounce(std::string queue_id, LineReader line) {
    if (!line.take("sender non-delivery notification: ") || !is_queue_id(line.rest()))
        return std::nullopt;
    return BounceSent{std::move(queue_id), std::string(line.rest())};
}

/// uid=106 from=<alice@example.test> orig_id=4jb28M41C7zycb
/// A line about mail that is not requeued ends in the angle bracket, whatever the sender is called.
std::optional<LogEvent> read_pickup(std::string queue_id, LineReader line) {
    constexpr std::string_view key = "> orig_id=";
    const auto at = line.rest().rfind(key);
    if (!line.rest().starts_with("uid=") || at == std::string_view::npos)
        return std::nullopt;
    const auto original = line.rest().substr(at + key.size());
    if (!is_queue_id(original))
        return std::nullopt;
    return PickedUp{std::move(queue_id), std::string(original)};
}

/// The program in postfix/smtp, postfix-out/smtp, postfix/submission/smtpd; empty if it is none of Postfix's.
std::string_view postfix_program(std::string_view identifier) {
    if (identifier == "postsuper")
        return identifier;
    const auto instance = identifier.substr(0, identifier.find('/'));
    if (instance.size() == identifier.size() || (instance != "postfix" && !instance.starts_with("postfix-")))
        return {};
    return identifier.substr(identifier.rfind('/') + 1);
}

bool program_is(std::string_view program, std::initializer_list<std::string_view> programs) {
    return std::find(programs.begin(), programs.end(), program) != programs.end();
}

} // namespace

bool is_queue_id(std::string_view text) {
    // mail_queue.h: microseconds and inode number in hexadecimal, or seconds, microseconds and inode number without
    // vowels.
    constexpr std::string_view hexadecimal = "0123456789ABCDEF";
    constexpr std::string_view base52 = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz";
    return text.size() >= 6 && text.size() <= 32 &&
           (text.find_first_not_of(hexadecimal) == std::string_view::npos ||
            text.find_first_not_of(base52) == std::string_view::npos);
}

std::optional<std::string> queued_as(std::string_view reply) {
    for (const std::string_view before : {"queued as ", "forwarded as "}) {
        const auto at = reply.find(before);
        if (at == std::string_view::npos)
            continue;
        if (const auto id = trim(reply.substr(at + before.size())); is_queue_id(id))
            return std::string(id);
    }
    return std::nullopt;
}

const std::string& queue_id_of(const LogEvent& event) {
    return std::visit([](const auto& each) -> const std::string& { return each.queue_id; }, event);
}

std::optional<LogEvent> read_log_line(std::string_view identifier, std::string_view line) {
    const auto program = postfix_program(identifier);
    LineReader reader(line);
    auto queue_id = reader.queue_id();
    if (program.empty() || !queue_id)
        return std::nullopt;
    const bool is_manager = program_is(program, {"qmgr", "oqmgr", "nqmgr"});
    const bool delivers =
        is_manager || program_is(program, {"smtp", "lmtp", "local", "virtual", "pipe", "error", "discard", "cleanup"});
    if (delivers && reader.rest().starts_with("to="))
        return read_delivery(program, std::move(*queue_id), reader);
    if (is_manager && reader.rest() == "removed")
        return Removed{std::move(*queue_id)};
    if (is_manager)
        return read_sender(std::move(*queue_id), reader);
    if (program == "cleanup")
        return read_cleanup(std::move(*queue_id), reader);
    if (program == "smtpd")
        return reader.take("client=") ? read_client(std::move(*queue_id), reader)
                                      : read_action(std::move(*queue_id), reader);
    if (program == "bounce")
        return read_bounce(std::move(*queue_id), reader);
    if (program == "pickup")
        return read_pickup(std::move(*queue_id), reader);
    if (program == "postsuper")
        return read_postsuper(std::move(*queue_id), reader);
    return std::nullopt;
}

} // namespace vectis::mail
