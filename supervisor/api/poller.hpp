// Waits (epoll(7)) for whoever comes and for what they say: the listening sockets, and every connection of which no
// request is being answered. One thread turns it; any may give a connection back and wake it.
#pragma once

#include "api/connection.hpp"
#include "api/server.hpp"

#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace vectis::api {

class Poller {
  public:
    explicit Poller(const std::vector<Listener>& listeners);

    /// Waits once, does what is due, and returns the connections that have a whole request's head. Each comes back by
    /// give_back().
    [[nodiscard]] std::vector<std::unique_ptr<Connection>> turn();
    void wake() const;
    /// Lets nobody in any more: who comes now waits for whoever has the sockets next.
    void close_doors() { doors_ = false; }
    /// Whether somebody was let in and has not had a turn yet.
    [[nodiscard]] bool owes_answers() const;
    /// The request is answered. Not kept: it is closed.
    void give_back(std::unique_ptr<Connection> connection, bool keep);

  private:
    struct Returned {
        std::unique_ptr<Connection> connection;
        bool keep = false;
    };

    void watch(int fd) const;
    void react(int fd);
    void accept(const Listener& listener);
    void take(std::unique_ptr<Connection> connection);
    void close(std::unique_ptr<Connection> connection);
    void take_back();
    void sweep(Clock::time_point now);
    void open_doors() const;

    const std::vector<Listener>& listeners_;
    UniqueFd epoll_;
    UniqueFd wake_;
    std::map<int, std::unique_ptr<Connection>> waiting_; // by descriptor
    std::vector<std::unique_ptr<Connection>> ready_;
    std::array<std::size_t, door_count> open_{}; // connections, waiting or being answered
    bool starved_ = false;                       // there was no descriptor left
    bool doors_ = true;
    Clock::time_point swept_ = Clock::now();
    std::mutex mutex_;
    std::vector<Returned> returned_;
};

} // namespace vectis::api
