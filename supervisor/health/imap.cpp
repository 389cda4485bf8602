#include "health/imap.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace vectis::health {

namespace {

constexpr std::size_t literal_limit = 64U << 20U;

std::string quoted(const std::string& text) {
    std::string quoted = "\"";
    for (const char each : text) {
        if (each == '"' || each == '\\')
            quoted += '\\';
        quoted += each;
    }
    return quoted + "\"";
}

template<typename Number>
std::optional<Number> number(std::string_view text) {
    Number value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size())
        return std::nullopt;
    return value;
}

/// The length of the literal that a line announces at its end: {123}.
std::optional<std::size_t> literal(const std::string& line) {
    const auto open = line.rfind('{');
    if (!line.ends_with('}') || open == std::string::npos)
        return std::nullopt;
    return number<std::size_t>(std::string_view(line).substr(open + 1, line.size() - open - 2));
}

} // namespace

ImapAnswer read_answer(Incoming& in, const std::string& tag) {
    ImapAnswer answer;
    for (;;) {
        std::string text = in.line();
        while (const auto size = literal(text)) {
            if (*size > literal_limit)
                throw Error(Code::unavailable,
                            fmt::format("cannot read from {}: a literal of {} bytes", in.peer().text(), *size));
            answer.literal = in.bytes(*size);
            text = in.line();
        }
        if (text.starts_with(tag)) {
            answer.status = text.substr(tag.size());
            return answer;
        }
        if (!text.starts_with("* SEARCH "))
            continue;
        for (const auto& word : split(text, ' ')) {
            if (const auto uid = number<std::uint32_t>(word))
                answer.uids.push_back(*uid);
        }
    }
}

Imap::Imap(Peer peer, const std::string& name, Deadline deadline) : connection_(std::move(peer), deadline) {
    connection_.start_tls(name);
    if (const std::string greeting = connection_.line(); !greeting.starts_with("* OK"))
        throw Error(Code::unavailable, fmt::format("cannot use {}: its greeting is '{}'", connection_.peer().text(),
                                                   printable(greeting.substr(0, 200))));
}

ImapAnswer Imap::command(const std::string& line) {
    const std::string tag = fmt::format("v{} ", ++number_);
    connection_.write(tag + line + "\r\n");
    return read_answer(connection_, tag);
}

void Imap::must(const std::string& line) {
    if (const ImapAnswer answer = command(line); !answer.ok())
        throw Error(Code::unavailable,
                    fmt::format("cannot use {}: {} was answered with '{}'", connection_.peer().text(),
                                split(line, ' ').front(), printable(answer.status)));
}

std::string Imap::login(const std::string& user, const std::string& password) {
    const ImapAnswer answer = command(fmt::format("LOGIN {} {}", quoted(user), quoted(password)));
    return answer.ok() ? "" : printable(answer.status);
}

void Imap::select(const std::string& folder) {
    must("SELECT " + quoted(folder));
}

std::vector<std::uint32_t> Imap::search(const std::string& criteria) {
    ImapAnswer answer = command("UID SEARCH " + criteria);
    if (!answer.ok())
        throw Error(Code::unavailable,
                    fmt::format("cannot search in {}: '{}'", connection_.peer().text(), printable(answer.status)));
    return std::move(answer.uids);
}

std::string Imap::fetch(std::uint32_t uid) {
    ImapAnswer answer = command(fmt::format("UID FETCH {} (BODY.PEEK[])", uid));
    if (!answer.ok() || answer.literal.empty())
        throw Error(Code::unavailable, fmt::format("cannot fetch a message from {}: '{}'", connection_.peer().text(),
                                                   printable(answer.status)));
    return std::move(answer.literal);
}

void Imap::remove(const std::vector<std::uint32_t>& uids) {
    if (uids.empty())
        return;
    std::vector<std::string> words;
    for (const auto uid : uids)
        words.push_back(std::to_string(uid));
    const std::string set = join(words, ",");
    must(fmt::format("UID STORE {} +FLAGS.SILENT (\\Deleted)", set));
    must(fmt::format("UID EXPUNGE {}", set));
}

bool Imap::wait_for_news(Deadline until) {
    const std::string tag = fmt::format("v{} ", ++number_);
    const Deadline whole = connection_.deadline();
    connection_.write(tag + "IDLE\r\n");
    bool news = false;
    connection_.set_deadline(std::min(until, whole));
    try {
        while (!news) {
            const std::string line = connection_.line();
            if (line.starts_with(tag))
                throw Error(Code::unavailable, fmt::format("cannot wait for mail in {}: '{}'",
                                                           connection_.peer().text(), printable(line)));
            news = line.ends_with(" EXISTS");
        }
    } catch (const Error&) {
        if (std::chrono::steady_clock::now() < std::min(until, whole))
            throw;
    }
    connection_.set_deadline(whole);
    connection_.write("DONE\r\n");
    for (std::string line; !line.starts_with(tag);) {
        line = connection_.line();
        news = news || line.ends_with(" EXISTS");
    }
    return news;
}

void Imap::logout() {
    try {
        static_cast<void>(command("LOGOUT"));
    } catch (const Error&) {
        // What had to be seen has been seen.
    }
}

} // namespace vectis::health
