#include "mail/lmtp_server.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <optional>
#include <poll.h>
#include <vector>

namespace vectis::mail {

namespace {

using std::chrono::steady_clock;

constexpr std::size_t longest_command = 4096;
constexpr std::size_t longest_message = 64U << 20U; // Postfix's own limit is lower
constexpr std::size_t most_in_one = 100;
constexpr std::chrono::seconds patience{60}; // with one line, or with a whole message

struct Closed {};

/// The two descriptors of a conversation: the other side's, and the one that says that it is time to stop.
class Wire {
  public:
    Wire(int fd, int stop) : fd_(fd), stop_(stop) {}

    std::string line(steady_clock::time_point deadline) {
        for (;;) {
            if (const auto end = read_.find("\r\n"); end != std::string::npos) {
                std::string text = read_.substr(0, end);
                read_.erase(0, end + 2);
                return text;
            }
            if (read_.size() > longest_command)
                throw Closed{};
            more(deadline);
        }
    }
    /// Without the dots that protect it; nothing if it is too long.
    std::optional<std::string> message() {
        const auto deadline = steady_clock::now() + patience;
        std::string text;
        bool too_long = false;
        std::size_t start = 0;
        for (;;) {
            const auto end = read_.find("\r\n", start);
            if (end == std::string::npos) {
                read_.erase(0, start);
                start = 0;
                if (read_.size() > longest_message)
                    throw Closed{};
                more(deadline);
                continue;
            }
            const std::string_view here = std::string_view(read_).substr(start, end - start);
            if (here == ".") {
                read_.erase(0, end + 2);
                return too_long ? std::nullopt : std::optional(std::move(text));
            }
            too_long = too_long || text.size() + here.size() > longest_message;
            if (!too_long)
                text.append(here.starts_with('.') ? here.substr(1) : here).append("\r\n");
            start = end + 2;
        }
    }
    void write(const Reply& reply) {
        std::string data = fmt::format("{} {}\r\n", reply.code, reply.text);
        const auto deadline = steady_clock::now() + patience;
        for (std::string_view rest = data; !rest.empty();) {
            await(POLLOUT, deadline);
            const ssize_t count = ::send(fd_, rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
            if (count < 0 && errno != EAGAIN && errno != EINTR)
                throw Closed{};
            rest.remove_prefix(count > 0 ? static_cast<std::size_t>(count) : 0);
        }
    }
    void write_lines(std::string_view lines) {
        if (::send(fd_, lines.data(), lines.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(lines.size()))
            throw Closed{};
    }

  private:
    void await(short events, steady_clock::time_point deadline) const {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now()).count();
        std::array<pollfd, 2> waits{pollfd{fd_, events, 0}, pollfd{stop_, POLLIN, 0}};
        if (left <= 0 || poll(waits.data(), waits.size(), static_cast<int>(left)) <= 0 || waits[1].revents != 0)
            throw Closed{};
    }
    void more(steady_clock::time_point deadline) {
        await(POLLIN, deadline);
        std::array<char, 16384> chunk{};
        const ssize_t count = ::read(fd_, chunk.data(), chunk.size());
        if (count <= 0)
            throw Closed{};
        read_.append(chunk.data(), static_cast<std::size_t>(count));
    }

    int fd_;
    int stop_;
    std::string read_;
};

/// The address in MAIL FROM:<...> or RCPT TO:<...>; nothing if there is none.
std::optional<std::string> path_in(const std::string& line) {
    const auto open = line.find('<');
    const auto close = line.rfind('>');
    if (open == std::string::npos || close == std::string::npos || close < open)
        return std::nullopt;
    return line.substr(open + 1, close - open - 1);
}

Reply failed(const std::exception& fault) {
    return {451, "4.3.0 cannot take it now: " + printable(as_error(fault).what())};
}

/// One connection, to its end.
class Conversation {
  public:
    Conversation(Wire wire, const LmtpServer::Receive& receive) : wire_(std::move(wire)), receive_(receive) {}

    void hold() {
        wire_.write({220, "vectis LMTP"});
        for (;;) {
            const std::string line = wire_.line(steady_clock::now() + patience);
            const std::string verb = lower_ascii(line.substr(0, line.find(' ')));
            if (verb == "lhlo") {
                reset();
                wire_.write_lines("250-vectis\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n"
                                  "250 ENHANCEDSTATUSCODES\r\n");
            } else if (verb == "mail") {
                reset();
                in_mail_ = true;
                sender_ = path_in(line).value_or("");
                wire_.write({250, "2.1.0 fine"});
            } else if (verb == "rcpt") {
                wire_.write(recipient(line));
            } else if (verb == "data") {
                data();
            } else if (verb == "rset") {
                reset();
                wire_.write({250, "2.0.0 fine"});
            } else if (verb == "noop") {
                wire_.write({250, "2.0.0 fine"});
            } else if (verb == "quit") {
                wire_.write({221, "2.0.0 bye"});
                return;
            } else {
                wire_.write({500, "5.5.2 what is that?"});
            }
        }
    }

  private:
    void reset() {
        in_mail_ = false;
        recipients_.clear();
    }
    Reply recipient(const std::string& line) {
        const auto address = path_in(line);
        if (!in_mail_ || !address)
            return {503, "5.5.1 MAIL first, and an address in angle brackets"};
        if (recipients_.size() >= most_in_one)
            return {452, "4.5.3 too many recipients at once"};
        try {
            Reply reply = receive_.recipient(*address);
            if (reply.good())
                recipients_.push_back(*address);
            return reply;
        } catch (const std::exception& fault) {
            return failed(fault);
        }
    }
    void data() {
        if (recipients_.empty())
            return wire_.write({503, "5.5.1 nobody gets it"});
        wire_.write({354, "go on, and end it with a dot"});
        const auto message = wire_.message();
        for (const auto& each : recipients_) {
            Reply reply{552, "5.3.4 it is too long"};
            try {
                if (message)
                    reply = receive_.message(sender_, each, *message);
            } catch (const std::exception& fault) {
                reply = failed(fault);
            }
            wire_.write(reply);
        }
        reset();
    }

    Wire wire_;
    const LmtpServer::Receive& receive_;
    bool in_mail_ = false;
    std::string sender_;
    std::vector<std::string> recipients_;
};

} // namespace

void LmtpServer::run(const std::stop_token& stop) {
    const UniqueFd wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!wake)
        throw system_error(errno, "cannot make an event");
    const std::stop_callback on_stop(stop, [&] { eventfd_write(wake.get(), 1); });
    while (!stop.stop_requested()) {
        std::array<pollfd, 2> waits{pollfd{listening_.get(), POLLIN, 0}, pollfd{wake.get(), POLLIN, 0}};
        if (poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR)
            throw system_error(errno, "cannot wait for Postfix");
        if (waits[0].revents == 0)
            continue;
        // Another thread may have taken the connection: the socket does not wait then.
        const UniqueFd peer(accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!peer)
            continue;
        try {
            Conversation(Wire(peer.get(), wake.get()), receive_).hold();
        } catch (const Closed&) {
            // Postfix has what was not answered, and comes again.
        }
    }
}

} // namespace vectis::mail
