#include "health/smtp.hpp"

#include "base/base64.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace vectis::health {

namespace {

Error refused(const Connection& connection, std::string_view what, const Reply& reply) {
    return Error(Code::unavailable,
                 fmt::format("cannot use {}: {} was answered with '{}'", connection.peer().text(), what, reply.text()));
}

/// Lines end with CRLF, a leading dot is doubled, a dot alone ends it (RFC 5321 section 4.5.2).
std::string dot_stuffed(std::string_view message) {
    std::string text;
    while (!message.empty()) {
        const auto end = message.find('\n');
        std::string_view line = message.substr(0, end);
        message = end == std::string_view::npos ? std::string_view{} : message.substr(end + 1);
        if (line.ends_with('\r'))
            line.remove_suffix(1);
        if (line.starts_with('.'))
            text += '.';
        text.append(line).append("\r\n");
    }
    return text + ".\r\n";
}

/// The three digits that a line begins with; nothing if they are no code of RFC 5321 section 4.2.1.
std::optional<int> code_of(std::string_view line) {
    const auto digit = [&](std::size_t at, char most) { return line[at] >= '0' && line[at] <= most; };
    if (line.size() < 3 || line[0] < '2' || !digit(0, '5') || !digit(1, '9') || !digit(2, '9'))
        return std::nullopt;
    if (line.size() > 3 && line[3] != ' ' && line[3] != '-')
        return std::nullopt;
    return (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
}

} // namespace

std::string Reply::text() const {
    return printable(fmt::format("{} {}", code, join(lines, " / ")));
}

Reply read_reply(Incoming& in) {
    constexpr std::size_t most_lines = 100;
    Reply reply;
    for (bool more = true; more;) {
        const std::string line = in.line();
        const auto code = code_of(line);
        if (!code || reply.lines.size() == most_lines)
            throw Error(Code::unavailable, fmt::format("cannot talk to {}: '{}' is no answer of an SMTP server",
                                                       in.peer().text(), printable(line.substr(0, 100))));
        reply.code = *code;
        reply.lines.push_back(line.size() > 4 ? line.substr(4) : "");
        more = line.size() > 3 && line[3] == '-';
    }
    return reply;
}

Smtp::Smtp(Peer peer, Tls tls, const std::string& name, const std::string& helo, Deadline deadline) :
    connection_(std::move(peer), deadline), helo_(helo) {
    if (tls == Tls::wrapper)
        connection_.start_tls(name);
    if (const Reply greeting = read_reply(connection_); greeting.code != 220)
        throw refused(connection_, "the connection", greeting);
    hello();
    if (tls != Tls::starttls)
        return;
    if (const Reply answer = command("STARTTLS"); answer.code != 220)
        throw refused(connection_, "STARTTLS", answer);
    connection_.start_tls(name);
    hello();
}

void Smtp::hello() {
    const Reply answer = command("EHLO " + helo_);
    if (answer.code != 250)
        throw refused(connection_, "EHLO", answer);
    keywords_ = answer.lines;
}

bool Smtp::offers(std::string_view keyword) const {
    return std::any_of(keywords_.begin(), keywords_.end(), [&](const std::string& line) {
        return lower_ascii(split(line, ' ').front()) == lower_ascii(keyword);
    });
}

Reply Smtp::command(const std::string& line) {
    connection_.write(line + "\r\n");
    return read_reply(connection_);
}

Reply Smtp::authenticate(const std::string& user, const std::string& password) {
    using namespace std::string_literals;
    return command("AUTH PLAIN " + base64("\0"s + user + "\0"s + password));
}

Reply Smtp::data(std::string_view message) {
    if (Reply answer = command("DATA"); answer.code != 354)
        return answer;
    connection_.write(dot_stuffed(message));
    return read_reply(connection_);
}

void Smtp::quit() {
    try {
        static_cast<void>(command("QUIT"));
    } catch (const Error&) {
        // What had to be seen has been seen.
    }
}

} // namespace vectis::health
