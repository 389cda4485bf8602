#include "api/poller.hpp"

#include "base/error.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace vectis::api {

namespace {

/// Connections through one door. The unit's LimitNOFILE= leaves room for all doors.
constexpr std::size_t most_connections = 1024;

std::size_t index(Door door) {
    return static_cast<std::size_t>(door);
}

Peer peer_of(int fd, Door door) {
    Peer peer{.door = door, .address = door == Door::local ? "127.0.0.1" : ""};
    ucred who{};
    socklen_t size = sizeof who;
    if (door == Door::admin && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0)
        throw system_error(errno, "cannot ask who is at the administrators' socket");
    peer.user = who.uid;
    return peer;
}

} // namespace

Poller::Poller(const std::vector<Listener>& listeners) :
    listeners_(listeners), epoll_(epoll_create1(EPOLL_CLOEXEC)), wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (!epoll_ || !wake_)
        throw system_error(errno, "cannot wait for connections");
    watch(wake_.get());
    for (const auto& listener : listeners_)
        watch(listener.fd.get());
}

std::vector<std::unique_ptr<Connection>> Poller::turn() {
    open_doors();
    std::array<epoll_event, 64> events{};
    constexpr int soon = 50;
    const int patience = !doors_ ? soon : waiting_.empty() && !starved_ ? -1 : 1000;
    const int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), patience);
    for (int i = 0; i < count; ++i)
        react(events.at(static_cast<std::size_t>(i)).data.fd);
    take_back();
    if (const auto now = Clock::now(); now - swept_ >= std::chrono::seconds(1))
        sweep(now);
    return std::exchange(ready_, {});
}

bool Poller::owes_answers() const {
    return std::any_of(waiting_.begin(), waiting_.end(), [](const auto& each) { return each.second->fresh(); });
}

void Poller::wake() const {
    eventfd_write(wake_.get(), 1); // full only if it is awake already
}

void Poller::give_back(std::unique_ptr<Connection> connection, bool keep) {
    {
        const std::scoped_lock lock(mutex_);
        returned_.push_back({std::move(connection), keep});
    }
    wake();
}

void Poller::watch(int fd) const {
    epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0)
        throw system_error(errno, "cannot wait for a connection");
}

void Poller::react(int fd) {
    for (const auto& listener : listeners_) {
        if (listener.fd.get() == fd)
            return accept(listener);
    }
    if (fd == wake_.get()) {
        eventfd_t count = 0;
        eventfd_read(fd, &count); // that it was woken is all there is to know
        return;
    }
    const auto found = waiting_.find(fd);
    if (found == waiting_.end())
        return;
    const bool alive = found->second->fill();
    if (alive && !found->second->has_head())
        return;
    auto connection = std::move(found->second);
    waiting_.erase(found);
    if (!alive)
        return close(std::move(connection));
    epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
    ready_.push_back(std::move(connection));
}

void Poller::accept(const Listener& listener) {
    UniqueFd fd(accept4(listener.fd.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd) {
        // Otherwise it has gone again, or another process took it.
        starved_ = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
        return;
    }
    const int on = 1;
    if (listener.door == Door::local && setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)
        throw system_error(errno, "cannot send without delay");
    const Peer peer = peer_of(fd.get(), listener.door);
    ++open_.at(index(listener.door));
    take(std::make_unique<Connection>(std::move(fd), peer));
}

/// Waits for its next request; what was sent without waiting for the last answer is there already.
void Poller::take(std::unique_ptr<Connection> connection) {
    if (connection->has_head())
        return ready_.push_back(std::move(connection));
    watch(connection->fd());
    waiting_.emplace(connection->fd(), std::move(connection));
}

void Poller::close(std::unique_ptr<Connection> connection) {
    --open_.at(index(connection->peer().door));
    connection.reset();
}

void Poller::take_back() {
    std::vector<Returned> returned;
    {
        const std::scoped_lock lock(mutex_);
        returned.swap(returned_);
    }
    for (auto& each : returned)
        each.keep || each.connection->linger() ? take(std::move(each.connection)) : close(std::move(each.connection));
}

void Poller::sweep(Clock::time_point now) {
    swept_ = now;
    starved_ = false;
    for (auto each = waiting_.begin(); each != waiting_.end();) {
        auto connection = each->second->overdue(now) ? std::move(each->second) : nullptr;
        each = connection ? waiting_.erase(each) : std::next(each);
        if (connection)
            close(std::move(connection));
    }
}

/// Where too many are in already, whoever comes waits in the socket's own queue.
void Poller::open_doors() const {
    for (const auto& listener : listeners_) {
        const bool open = doors_ && !starved_ && open_.at(index(listener.door)) < most_connections;
        epoll_event event{.events = open ? EPOLLIN : 0U, .data = {.fd = listener.fd.get()}};
        if (epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, listener.fd.get(), &event) != 0)
            throw system_error(errno, "cannot wait for connections");
    }
}

} // namespace vectis::api
