#include "accounts/dovecot_login.hpp"

#include "base/base64.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "base/unix_socket.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <poll.h>
#include <vector>

namespace vectis::accounts {

namespace {

using std::chrono::steady_clock;

Error unavailable(const std::string& cause) {
    return {Code::unavailable, "cannot ask Dovecot for a password: " + cause, "systemctl status dovecot"};
}

UniqueFd connect_to(const fs::path& path) {
    try {
        return connect_unix(path);
    } catch (const Error& error) {
        throw unavailable(error.what());
    }
}

/// Takes lines until a deadline.
class Lines {
  public:
    Lines(int fd, steady_clock::time_point deadline) : fd_(fd), deadline_(deadline) {}

    std::string next() {
        for (;;) {
            if (const auto end = read_.find('\n'); end != std::string::npos) {
                std::string line = read_.substr(0, end);
                read_.erase(0, end + 1);
                return line;
            }
            receive();
        }
    }

  private:
    void receive() {
        constexpr std::size_t longest = 16384; // of a line, says the protocol
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - steady_clock::now()).count();
        pollfd wait{fd_, POLLIN, 0};
        if (read_.size() > longest || left <= 0 || poll(&wait, 1, static_cast<int>(left)) <= 0)
            throw unavailable("it does not answer");
        std::array<char, 4096> chunk{};
        const ssize_t count = ::read(fd_, chunk.data(), chunk.size());
        if (count <= 0)
            throw unavailable("it has closed the connection");
        read_.append(chunk.data(), static_cast<std::size_t>(count));
    }

    int fd_;
    steady_clock::time_point deadline_;
    std::string read_;
};

/// The value of the parameter `name=`; nothing if the answer has none.
std::optional<std::string> parameter(const std::vector<std::string>& words, std::string_view name) {
    for (const auto& word : words) {
        if (word.starts_with(name))
            return word.substr(name.size());
    }
    return std::nullopt;
}

} // namespace

std::optional<std::string> dovecot_login(const fs::path& socket, const std::string& user, const std::string& password,
                                         std::chrono::seconds limit) {
    const UniqueFd fd = connect_to(socket);
    Lines lines(fd.get(), steady_clock::now() + limit);
    std::string plain = '\0' + user; // RFC 4616, without an authorization identity
    plain += '\0' + password;
    // A thread's id is no other's (CPID has to be unique). Dovecot's penalty would slow everybody down who comes by
    // this socket, one like the other: whoever asks counts guesses by address and account.
    write_all(fd.get(),
              fmt::format("VERSION\t1\t2\nCPID\t{}\nAUTH\t1\tPLAIN\tservice=password\tsecured\tno-penalty\tresp={}\n",
                          gettid(), base64(plain)),
              socket);
    for (;;) {
        const auto words = split(lines.next(), '\t');
        if (words.front() == "VERSION" && (words.size() < 2 || words[1] != "1"))
            throw unavailable("it speaks another version of its protocol");
        if (words.front() == "OK") {
            if (auto name = parameter(words, "user="); name && !name->empty())
                return name;
            throw unavailable("it names no user");
        }
        if (words.front() != "FAIL")
            continue;
        if (std::find(words.begin(), words.end(), "temp") != words.end() || parameter(words, "code=temp_fail"))
            throw unavailable("it cannot look the mailbox up now");
        return std::nullopt;
    }
}

} // namespace vectis::accounts
