// A server that says what a test has it say.
#pragma once

#include "base/file.hpp"
#include "base/unique_fd.hpp"
#include "catch.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace vectis::test {

inline sockaddr_un at(const fs::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.native().copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
    return address;
}

inline UniqueFd listen_at(const fs::path& path) {
    UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto address = at(path);
    REQUIRE(bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0); // NOLINT
    REQUIRE(listen(fd.get(), 4) == 0);
    return fd;
}

/// A server that reads up to a text and answers with another, again and again, and then closes.
class Script {
  public:
    using Steps = std::vector<std::pair<std::string, std::string>>;

    Script(const fs::path& path, Steps steps) :
        listening_(listen_at(path)), thread_([this, steps = std::move(steps)] { play(steps); }) {}

    std::string seen() {
        thread_.join();
        return seen_;
    }

  private:
    void play(const Steps& steps) {
        const UniqueFd peer(accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        for (const auto& [until, answer] : steps) {
            std::string part;
            while (!part.ends_with(until)) {
                char c = 0;
                if (::read(peer.get(), &c, 1) != 1)
                    return;
                part += c;
            }
            seen_ += part;
            static_cast<void>(::send(peer.get(), answer.data(), answer.size(), MSG_NOSIGNAL));
        }
    }

    UniqueFd listening_;
    std::string seen_;
    std::jthread thread_;
};

inline const std::pair<std::string, std::string> greeting{"", "220 mail.example.test ESMTP\r\n"};
inline const std::pair<std::string, std::string> hello{"\r\n",
                                                       "250-mail.example.test\r\n250-PIPELINING\r\n250 DSN\r\n"};

} // namespace vectis::test
