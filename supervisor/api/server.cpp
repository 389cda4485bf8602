#include "api/server.hpp"

#include "api/poller.hpp"
#include "api/workers.hpp"
#include "base/error.hpp"

#include <cerrno>
#include <fcntl.h>
#include <map>

namespace vectis::api {

Server::Server(std::vector<Listener> listeners, std::function<Response(Request&)> handler) :
    listeners_(std::move(listeners)), exchange_(std::make_unique<Exchange>(std::move(handler))) {
    for (const auto& listener : listeners_) {
        // Of several servers on one socket each may lose the race for a connection, and must not wait for the next.
        if (fcntl(listener.fd.get(), F_SETFL, fcntl(listener.fd.get(), F_GETFL) | O_NONBLOCK) != 0)
            throw system_error(errno, "cannot use a listening socket");
    }
}

Server::~Server() = default;

void Server::run(const std::stop_token& stop) {
    Poller poller(listeners_);
    std::map<Door, Workers> workers;
    for (const auto& listener : listeners_) {
        workers.try_emplace(listener.door, *exchange_, [&](std::unique_ptr<Connection> done, bool keep) {
            poller.give_back(std::move(done), keep);
        });
    }
    const std::stop_callback wake(stop, [&] { poller.wake(); });
    const auto turn = [&] {
        for (auto& connection : poller.turn()) {
            Workers& those = workers.at(connection->peer().door);
            those.hand_over(std::move(connection));
        }
    };
    while (!stop.stop_requested())
        turn();
    // Whoever was let in has their turn; a connection that has had one may be closed at any time (RFC 9112
    // section 9.5).
    poller.close_doors();
    const auto patience = Clock::now() + std::chrono::seconds(2);
    do
        turn();
    while (poller.owes_answers() && Clock::now() < patience);
}

} // namespace vectis::api
