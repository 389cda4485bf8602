#include "mail/policy_server.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <list>
#include <poll.h>
#include <vector>

namespace vectis::mail {

namespace {

constexpr std::size_t longest_request = 65536;
constexpr std::size_t most_connections = 1000; // Postfix runs a tenth of that

struct Asking {
    UniqueFd fd;
    std::string read;
};

/// False: the connection is at its end, or was broken.
bool read_more(Asking& asking) {
    std::array<char, 4096> chunk{};
    const ssize_t count = ::recv(asking.fd.get(), chunk.data(), chunk.size(), MSG_DONTWAIT);
    if (count < 0)
        return errno == EAGAIN || errno == EINTR;
    asking.read.append(chunk.data(), static_cast<std::size_t>(count));
    return count > 0 && asking.read.size() <= longest_request;
}

PolicyServer::Attributes attributes_in(const std::string& request) {
    PolicyServer::Attributes all;
    for (const auto& line : split(request, '\n')) {
        if (const auto equals = line.find('='); equals != std::string::npos)
            all.insert_or_assign(line.substr(0, equals), line.substr(equals + 1));
    }
    return all;
}

} // namespace

std::string PolicyServer::answer(const std::string& request) const {
    std::string action = "DUNNO";
    try {
        action = decide_.action(attributes_in(request));
    } catch (const std::exception& fault) {
        decide_.log(fmt::format("cannot say whether a message may be sent: {}", as_error(fault).what()));
    }
    return fmt::format("action={}\n\n", printable(action));
}

void PolicyServer::run(const std::stop_token& stop) {
    const UniqueFd wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!wake)
        throw system_error(errno, "cannot make an event");
    const std::stop_callback on_stop(stop, [&] { eventfd_write(wake.get(), 1); });
    std::list<Asking> connections;
    while (!stop.stop_requested()) {
        const bool full = connections.size() >= most_connections;
        std::vector<pollfd> waits{pollfd{wake.get(), POLLIN, 0}, pollfd{full ? -1 : listening_.get(), POLLIN, 0}};
        for (const auto& each : connections)
            waits.push_back({each.fd.get(), POLLIN, 0});
        if (poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR)
            throw system_error(errno, "cannot wait for Postfix");
        std::size_t at = 2;
        for (auto each = connections.begin(); each != connections.end(); ++at) {
            bool open = waits[at].revents == 0 || read_more(*each);
            for (auto end = each->read.find("\n\n"); open && end != std::string::npos; end = each->read.find("\n\n")) {
                const std::string told = answer(each->read.substr(0, end));
                each->read.erase(0, end + 2);
                // It asks one thing at a time: there is room for the answer.
                open =
                    ::send(each->fd.get(), told.data(), told.size(), MSG_DONTWAIT | MSG_NOSIGNAL) == std::ssize(told);
            }
            each = open ? std::next(each) : connections.erase(each);
        }
        if (waits[1].revents != 0) {
            if (UniqueFd peer(accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC)); peer)
                connections.push_back({std::move(peer), {}});
        }
    }
}

} // namespace vectis::mail
