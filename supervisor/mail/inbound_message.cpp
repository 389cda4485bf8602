#include "mail/inbound_message.hpp"

#include "base/text.hpp"
#include "mail/inbound_header.hpp"
#include "mail/inbound_parts.hpp"
#include "mail/inbound_reply.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace vectis::mail {

namespace {

constexpr std::size_t longest_words = 100; // of a method, a result, a symbol
constexpr std::string_view symbol_letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

/// "1.50"; nothing if it is no number.
std::optional<double> number_in(std::string_view text) {
    // std::from_chars takes no plus and, in some libraries, no doubles: the digits are few, and of our own program.
    const auto digits = trim(text);
    double value = 0;
    double place = 0;
    const bool negative = digits.starts_with('-');
    if (digits.empty() || digits.size() > 20)
        return std::nullopt;
    for (const char each : digits.substr(negative ? 1 : 0)) {
        if (each == '.' && place == 0) {
            place = 1;
        } else if (each >= '0' && each <= '9') {
            place /= 10;
            value = place > 0 ? value + place * (each - '0') : value * 10 + (each - '0');
        } else {
            return std::nullopt;
        }
    }
    return negative ? -value : value;
}

/// "default: False [3.50 / 15.00]; SYMBOL(1.00)[more]; ..."
std::optional<SpamVerdict> verdict_in(std::string_view value) {
    const auto open = value.find('[');
    const auto slash = value.find('/', open);
    const auto close = value.find(']', open);
    if (open == std::string_view::npos || slash > close || close == std::string_view::npos)
        return std::nullopt;
    const auto score = number_in(value.substr(open + 1, slash - open - 1));
    const auto reject_at = number_in(value.substr(slash + 1, close - slash - 1));
    if (!score || !reject_at)
        return std::nullopt;
    SpamVerdict verdict{.score = *score, .reject_at = *reject_at, .symbols = {}};
    // What is in the brackets behind a symbol comes from the message, and may hold anything.
    std::string_view rest = value.substr(close + 1);
    while (!rest.empty()) {
        const auto start = rest.find_first_not_of("; \t");
        if (start == std::string_view::npos)
            break;
        rest.remove_prefix(start);
        const auto name = rest.substr(0, rest.find_first_not_of(symbol_letters));
        const auto end = rest.find(')');
        if (!name.empty() && name.size() <= longest_words && rest.substr(name.size()).starts_with('(') &&
            end != std::string_view::npos) {
            if (const auto points = number_in(rest.substr(name.size() + 1, end - name.size() - 1)))
                verdict.symbols.emplace_back(std::string(name), *points);
        }
        const auto next = rest.find("];");
        rest.remove_prefix(next == std::string_view::npos ? rest.size() : next + 2);
    }
    return verdict;
}

/// Without what stands in parentheses and quotes: a comment may hold another result.
std::string without_comments(std::string_view value) {
    std::string text;
    std::size_t depth = 0;
    bool quoted = false;
    for (const char each : value) {
        if (each == '"' && depth == 0)
            quoted = !quoted;
        else if (each == '(' && !quoted)
            ++depth;
        else if (each == ')' && !quoted && depth > 0)
            --depth;
        else if (depth == 0 && !quoted)
            text += each;
    }
    return text;
}

void read_results(std::string_view value, Authentication& told) {
    const std::string plain = without_comments(value);
    for (const auto& part : split(plain, ';')) {
        const auto entry = trim(part);
        const auto equals = entry.find('=');
        if (equals == std::string_view::npos || equals > longest_words)
            continue;
        const std::string method = lower_ascii(entry.substr(0, equals));
        const auto words = entry.substr(equals + 1);
        const std::string result = lower_ascii(words.substr(0, std::min(words.find_first_of(" \t"), longest_words)));
        std::string* place = method == "spf"     ? &told.spf
                             : method == "dkim"  ? &told.dkim
                             : method == "dmarc" ? &told.dmarc
                             : method == "arc"   ? &told.arc
                                                 : nullptr;
        const bool is_word =
            !result.empty() && result.find_first_not_of("abcdefghijklmnopqrstuvwxyz") == std::string::npos;
        // Of several signatures one that is good counts.
        if (place != nullptr && is_word && (place->empty() || (place == &told.dkim && result == "pass")))
            *place = result;
    }
}

/// What stands between `before` and `after`; empty if it is not there.
std::string_view between(std::string_view text, std::string_view before, std::string_view after) {
    const auto start = text.find(before);
    if (start == std::string_view::npos)
        return {};
    const auto rest = text.substr(start + before.size());
    return rest.substr(0, rest.find_first_of(after));
}

/// "from HELO (NAME [ADDRESS]) (using TLS with cipher CIPHER ...) by HOSTNAME (Postfix) with ESMTPS id ID for
/// <RECIPIENT>; DATE", of which some may be missing.
std::optional<LastHop> hop_in(std::string_view value, std::string_view hostname) {
    const auto by = value.find("by " + std::string(hostname) + " (");
    if (by == std::string_view::npos)
        return std::nullopt;
    LastHop hop;
    const auto ours = value.substr(by);
    hop.queue_id = utf8(std::string(between(ours, " id ", " ;\t")));
    if (hop.queue_id.empty())
        return std::nullopt;
    const auto recipient = between(ours, " for <", ">");
    hop.recipient = recipient;
    const auto theirs = value.substr(0, by);
    if (theirs.starts_with("from ")) {
        hop.helo = theirs.substr(5, theirs.find(' ', 5) - 5);
        const auto peer = between(theirs, " (", ")");
        const auto client = peer.substr(0, peer.find(' '));
        hop.client = client == "unknown" ? std::string_view() : client;
        hop.address = between(peer, "[", "]");
        if (hop.address.starts_with("IPv6:"))
            hop.address.erase(0, 5);
    }
    hop.tls = between(theirs, "(using ", " )");
    hop.cipher = between(theirs, " with cipher ", " )");
    for (auto* word : {&hop.helo, &hop.client, &hop.address, &hop.tls, &hop.cipher, &hop.recipient})
        *word = utf8(std::move(*word));
    // ESMTPA, ESMTPSA: with a login (RFC 3848). What programs here send comes by a socket of the host's.
    const auto protocol = between(ours, " with ", " ");
    hop.judged = !protocol.empty() && !protocol.ends_with('A') && !hop.address.empty() && hop.address != "127.0.0.1";
    return hop;
}

const HeaderField* first(const std::vector<HeaderField>& fields, std::string_view name) {
    const auto found =
        std::find_if(fields.begin(), fields.end(), [&](const HeaderField& each) { return each.lower_name == name; });
    return found == fields.end() ? nullptr : &*found;
}

/// Postfix's, and those of Rspamd, which takes away what comes with their names.
void read_own_fields(const std::vector<HeaderField>& fields, std::string_view hostname, InboundContent& content) {
    // The first one is on top, and this server's own.
    if (const auto* top = first(fields, "received"))
        content.last_hop = hop_in(top->value, hostname);
    if (!content.last_hop || !content.last_hop->judged)
        return;
    for (const auto& field : fields) {
        if (field.lower_name == "x-spamd-result" && !content.verdict)
            content.verdict = verdict_in(field.value);
        if (field.lower_name == "x-spam")
            content.marked_as_spam = content.marked_as_spam || lower_ascii(trim(field.value)) == "yes";
        const auto cut = field.value.find(';');
        if (field.lower_name == "authentication-results" && cut != std::string::npos &&
            lower_ascii(trim(std::string_view(field.value).substr(0, cut))) == lower_ascii(hostname))
            read_results(std::string_view(field.value).substr(cut + 1), content.authentication);
    }
}

std::vector<NamedAddress> addresses_in(const std::vector<HeaderField>& fields, std::string_view name) {
    std::vector<NamedAddress> all;
    for (const auto& field : fields) {
        if (field.lower_name == name) {
            auto these = read_addresses(field.value);
            all.insert(all.end(), std::make_move_iterator(these.begin()), std::make_move_iterator(these.end()));
        }
    }
    return all;
}

} // namespace

std::string InboundContent::header(std::string_view lower_name) const {
    for (const auto& [name, value] : headers) {
        if (lower_ascii(name) == lower_name)
            return value;
    }
    return {};
}

InboundContent read_inbound(std::string_view message, std::string_view hostname) {
    InboundContent content;
    const auto header = read_header(message);
    content.truncated = header.truncated;
    for (const auto& field : header.fields)
        content.headers.emplace_back(field.name, decoded_header(field.value));
    read_own_fields(header.fields, hostname, content);
    auto from = addresses_in(header.fields, "from");
    if (!from.empty())
        content.from = std::move(from.front());
    content.to = addresses_in(header.fields, "to");
    content.cc = addresses_in(header.fields, "cc");
    content.reply_to = addresses_in(header.fields, "reply-to");
    content.subject = content.header("subject");
    std::string id = content.header("message-id");
    if (const auto named = between(id, "<", ">"); !named.empty())
        id = std::string(named);
    content.message_id = std::string(trim(id));
    if (const auto* date = first(header.fields, "date"))
        content.date = read_date(date->value);
    auto parts = read_parts(message);
    content.text = std::move(parts.text);
    content.html = std::move(parts.html);
    content.attachments = std::move(parts.attachments);
    content.truncated = content.truncated || parts.truncated;
    content.stripped_text = stripped_reply(content.text);
    return content;
}

} // namespace vectis::mail
