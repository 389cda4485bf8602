#include "mail/smtp_session.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/unix_socket.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <poll.h>

namespace vectis::mail {

namespace {

using std::chrono::steady_clock;

constexpr std::size_t longest_reply = 65536;

[[noreturn]] void broken(const std::string& why) {
    throw Error(Code::unavailable, "cannot hand a message to Postfix: " + why, "systemctl status postfix");
}

/// Waits until `events` or the deadline.
void await(int fd, short events, steady_clock::time_point deadline) {
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now()).count();
        if (left <= 0)
            broken("it does not answer");
        pollfd wait{fd, events, 0};
        const int ready = poll(&wait, 1, static_cast<int>(left));
        if (ready > 0)
            return;
        if (ready < 0 && errno != EINTR)
            broken(system_error(errno, "poll").what());
    }
}

UniqueFd connect_to_smtpd(const fs::path& socket) {
    try {
        return connect_unix(socket);
    } catch (const Error& error) {
        broken(error.what());
    }
}

/// RFC 3461 section 4: printable, without + and =.
std::string xtext(const std::string& text) {
    std::string out;
    for (const char c : text)
        out += c > ' ' && c < '\x7f' && c != '+' && c != '=' ? std::string(1, c)
                                                             : fmt::format("+{:02X}", static_cast<unsigned char>(c));
    return out;
}

/// RFC 5321 section 4.5.2: a line that begins with a dot gets another. The message has CRLF line ends.
std::string stuffed(std::string_view message) {
    std::string out;
    out.reserve(message.size() + 64);
    for (std::size_t start = 0; start < message.size();) {
        const auto end = std::min(message.find('\n', start), message.size() - 1) + 1;
        if (message[start] == '.')
            out += '.';
        out += message.substr(start, end - start);
        start = end;
    }
    if (!out.ends_with("\r\n"))
        out += "\r\n";
    return out + ".\r\n";
}

} // namespace

SmtpSession::SmtpSession(const fs::path& socket, const std::string& helo, std::chrono::seconds limit) :
    socket_(socket), limit_(limit), fd_(connect_to_smtpd(socket)) {
    if (const Reply greeting = reply(); !greeting.good())
        broken(greeting.text);
    if (const Reply hello = command("EHLO " + helo); !hello.good())
        broken(hello.text);
}

Reply SmtpSession::send(const Envelope& envelope, std::string_view message) {
    // RFC 2920: these three are one packet, and each is answered.
    // RFC 6152: Postfix makes seven bits of it where the next server wants that.
    const bool eight_bit = std::any_of(message.begin(), message.end(), [](char each) { return (each & '\x80') != 0; });
    write(fmt::format("MAIL FROM:<{}> RET=HDRS ENVID={}{}\r\nRCPT TO:<{}> NOTIFY=FAILURE\r\nDATA\r\n", envelope.sender,
                      xtext(envelope.id), eight_bit ? " BODY=8BITMIME" : "", envelope.recipient));
    const Reply sender = reply();
    const Reply recipient = reply();
    const Reply data = reply();
    if (data.code == 354) {
        // Without a recipient nothing may follow; an empty message is refused then.
        const bool whole = sender.good() && recipient.good();
        in_doubt_ = whole;
        write(whole ? stuffed(message) : ".\r\n");
        const Reply taken = reply();
        in_doubt_ = false;
        if (whole)
            return taken;
    }
    const Reply refused = !sender.good() ? sender : !recipient.good() ? recipient : data;
    if (const Reply reset = command("RSET"); !reset.good())
        broken(reset.text);
    return refused;
}

Reply SmtpSession::command(const std::string& line) {
    write(line + "\r\n");
    return reply();
}

Reply SmtpSession::reply() {
    const auto deadline = steady_clock::now() + limit_;
    Reply all;
    for (;;) {
        const auto end = read_.find('\n');
        if (end == std::string::npos) {
            if (read_.size() > longest_reply)
                broken("its answer does not end");
            await(fd_.get(), POLLIN, deadline);
            std::array<char, 4096> chunk{};
            const ssize_t count = ::read(fd_.get(), chunk.data(), chunk.size());
            if (count <= 0)
                broken("it has closed the connection");
            read_.append(chunk.data(), static_cast<std::size_t>(count));
            continue;
        }
        const std::string line(trim(read_.substr(0, end)));
        read_.erase(0, end + 1);
        const bool shaped = line.size() >= 3 &&
                            std::all_of(line.begin(), line.begin() + 3, [](char c) { return c >= '0' && c <= '9'; });
        if (!shaped)
            broken("it does not speak SMTP");
        all.code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
        if (all.text.size() < longest_reply && line.size() > 4)
            all.text += (all.text.empty() ? "" : " ") + line.substr(4);
        if (line.size() == 3 || line[3] != '-')
            return all;
    }
}

void SmtpSession::write(std::string_view data) {
    const auto deadline = steady_clock::now() + limit_;
    while (!data.empty()) {
        await(fd_.get(), POLLOUT, deadline);
        const ssize_t count = ::send(fd_.get(), data.data(), data.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count < 0 && errno != EAGAIN && errno != EINTR)
            broken("it has closed the connection");
        data.remove_prefix(count > 0 ? static_cast<std::size_t>(count) : 0);
    }
}

std::string queue_id_in(const std::string& reply) {
    constexpr std::string_view before = "queued as ";
    const auto at = reply.find(before);
    if (at == std::string::npos)
        return {};
    std::string id;
    for (const char c : reply.substr(at + before.size())) {
        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')))
            break;
        id += c;
    }
    return id;
}

std::string enhanced_code_in(const std::string& reply) {
    const std::string word = reply.substr(0, reply.find(' '));
    const auto parts = split(word, '.');
    const bool shaped = parts.size() == 3 && std::all_of(parts.begin(), parts.end(), [](const std::string& part) {
                            return !part.empty() && part.size() <= 3 &&
                                   std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
                        });
    return shaped && parts[0].size() == 1 ? word : std::string();
}

} // namespace vectis::mail
