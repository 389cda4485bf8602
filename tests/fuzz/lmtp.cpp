// LmtpServer holds any conversation without a crash: an address that it asks for is one line of the other side's, a
// message goes to those alone who were told that they get it, ends with a whole line, and is answered once for each of
// them.
#include "mail/lmtp_server.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <unistd.h>

using namespace vectis;

namespace {

void expect(bool good) {
    if (!good)
        std::abort();
}

/// One server for all inputs, at an address that has no file.
class Server {
  public:
    Server() {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        UniqueFd listening(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        expect(bind(listening.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(sa_family_t)) == 0);
        expect(listen(listening.get(), 1) == 0);
        length_ = sizeof address_;
        expect(getsockname(listening.get(), reinterpret_cast<sockaddr*>(&address_), &length_) == 0);
        serving_ = std::jthread([this, own = std::move(listening)](const std::stop_token& stop) mutable {
            mail::LmtpServer(std::move(own),
                             {.recipient = [this](const std::string& to) { return recipient(to); },
                              .message = [this](const std::string& from, const std::string& to,
                                                const std::string& text) { return message(from, to, text); }})
                .run(stop);
        });
    }

    /// Says all of it, hangs up, and hears the other side to its end.
    std::string hold(const std::uint8_t* data, std::size_t size) {
        {
            const std::lock_guard lock(mutex_);
            welcome_.clear();
            messages_ = 0;
        }
        const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        expect(connect(fd.get(), reinterpret_cast<const sockaddr*>(&address_), length_) == 0);
        std::string heard;
        while (size > 0) {
            const auto written = ::send(fd.get(), data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
            if (written > 0) {
                data += written;
                size -= static_cast<std::size_t>(written);
            } else if (!hear(fd.get(), heard)) {
                break;
            }
        }
        shutdown(fd.get(), SHUT_WR);
        while (hear(fd.get(), heard)) {
        }
        return heard;
    }

    std::size_t messages() {
        const std::lock_guard lock(mutex_);
        return messages_;
    }

  private:
    /// False: the other side has nothing more to say, and has seen to all that it heard.
    static bool hear(int fd, std::string& heard) {
        std::array<char, 4096> chunk{};
        ssize_t read = -1;
        do // libFuzzer's own alarm comes in between
            read = ::recv(fd, chunk.data(), chunk.size(), 0);
        while (read < 0 && errno == EINTR);
        heard.append(chunk.data(), read > 0 ? static_cast<std::size_t>(read) : 0);
        return read > 0;
    }
    mail::Reply recipient(const std::string& to) {
        expect(to.find("\r\n") == std::string::npos);
        if (to.starts_with("no"))
            return {550, "5.1.1 nobody"};
        if (to.starts_with("later"))
            return {450, "4.2.0 later"};
        const std::lock_guard lock(mutex_);
        welcome_.insert(to);
        return {250, "2.1.5 fine"};
    }
    mail::Reply message(const std::string& from, const std::string& to, const std::string& text) {
        expect(from.find("\r\n") == std::string::npos && (text.empty() || text.ends_with("\r\n")));
        const std::lock_guard lock(mutex_);
        expect(welcome_.contains(to));
        ++messages_;
        if (to.starts_with("throws"))
            throw std::runtime_error("it failed");
        return {250, "2.0.0 taken"};
    }

    std::mutex mutex_;
    std::set<std::string> welcome_;
    std::size_t messages_ = 0;
    sockaddr_un address_{};
    socklen_t length_ = 0;
    std::jthread serving_;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Server server;
    const std::string heard = server.hold(data, size);
    expect(heard.empty() || heard.starts_with("220 "));
    std::size_t taken = 0;
    for (std::size_t at = 0; (at = heard.find("250 2.0.0 taken\r\n", at)) != std::string::npos; ++at)
        ++taken;
    expect(taken <= server.messages());
    return 0;
}
