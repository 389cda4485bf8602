#include "api/server.hpp"

#include "api/answer.hpp"
#include "api/connection.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/random.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <fcntl.h>
#include <limits>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

namespace vectis::api {

namespace {

/// From the head's last byte to the answer's last byte.
constexpr std::chrono::seconds request_limit{60};
constexpr std::size_t most_workers = 64;
constexpr std::size_t most_connections = 4096;

Peer peer_of(int fd, Door door) {
    Peer peer{.door = door, .address = {}};
    if (door == Door::admin) {
        ucred who{};
        socklen_t size = sizeof who;
        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0)
            throw system_error(errno, "cannot ask who is at the administrative socket");
        peer.user = who.uid;
    }
    if (door == Door::local)
        peer.address = "127.0.0.1";
    return peer;
}

HttpError too_large(std::size_t most) {
    return {413, "too_large", fmt::format("the body is longer than {} bytes", most), {}, {}};
}

} // namespace

/// The one seam between cpp-httplib and us: it parses what was judged and writes the answer.
class Server::Library : public httplib::Server {
  public:
    Library(api::Server::Handler handler, Refuse refuse) : handler_(std::move(handler)), refuse_(std::move(refuse)) {
        set_tcp_nodelay(true);
        // Ours counts what it reads.
        set_payload_max_length(std::numeric_limits<std::size_t>::max());
        const auto bare = [this](const httplib::Request& in, httplib::Response& out) { answer(in, out, nullptr); };
        const auto full = [this](const httplib::Request& in, httplib::Response& out,
                                 const httplib::ContentReader& reader) { answer(in, out, &reader); };
        constexpr auto any = R"([\s\S]*)";
        Get(any, bare);
        Options(any, bare);
        Post(any, full);
        Put(any, full);
        Patch(any, full);
        Delete(any, full);
    }

    /// One request of a connection that has a whole head. False: close it.
    bool serve(Connection& connection) {
        if (const auto fault = connection.begin(Clock::now() + request_limit)) {
            const Response refused = refuse_(fault->status, fault->detail, uuid7());
            connection.write(fmt::format("HTTP/1.1 {} Refused\r\nContent-Type: {}\r\nContent-Length: {}\r\n"
                                         "Connection: close\r\n\r\n{}",
                                         refused.status, refused.type, refused.body.size(), refused.body));
            static_cast<void>(connection.finish());
            return false;
        }
        current = &connection;
        bool closed = false;
        const bool done = parse(connection, closed);
        current = nullptr;
        return connection.finish() && done && !closed;
    }

  private:
    /// Later versions are told the addresses, earlier ones ask the stream.
    template<typename Stream>
    bool parse(Stream& stream, bool& closed) {
        if constexpr (requires { process_request(stream, false, closed, nullptr); })
            return process_request(stream, false, closed, nullptr);
        else
            return process_request(stream, stream.peer().address, 0, "", 0, false, closed, nullptr);
    }

    void answer(const httplib::Request& in, httplib::Response& out, const httplib::ContentReader* reader) const {
        Connection& connection = *current;
        bool read = connection.framing().length == 0 && !connection.framing().chunked;
        Request request{.id = uuid7(),
                        .peer = connection.peer(),
                        .method = in.method,
                        .path = in.path,
                        .query = {in.params.begin(), in.params.end()}};
        request.field = [&in](const std::string& name) {
            return in.has_header(name) ? std::optional(in.get_header_value(name)) : std::nullopt;
        };
        if (request.peer.door == Door::proxy)
            request.peer.address = request.field("X-Real-IP").value_or("");
        request.body = [&](std::size_t most) {
            std::string body;
            if (reader == nullptr || std::exchange(read, true))
                return body;
            if (connection.framing().length > most) {
                read = false;
                throw too_large(most);
            }
            bool fits = true;
            const bool whole = (*reader)([&](const char* bytes, std::size_t size) {
                fits = body.size() + size <= most;
                if (fits)
                    body.append(bytes, size);
                return fits;
            });
            if (!fits)
                throw too_large(most);
            if (!whole || body.size() < connection.framing().length)
                throw HttpError{400, "malformed", "the body breaks off, or came too slowly", {}, {}};
            return body;
        };
        Response response = handler_(request);
        out.status = response.status;
        for (const auto& [name, value] : response.fields)
            out.set_header(name, value);
        if (!read || !connection.framing().keep_alive)
            out.set_header("Connection", "close");
        out.set_content(response.body, response.type);
    }

    /// The connection whose request this thread answers: the library has no place to hand it through.
    static thread_local Connection* current;

    api::Server::Handler handler_;
    Refuse refuse_;
};

thread_local Connection* Server::Library::current = nullptr;

/// Threads that answer requests; as many as have been needed at once, up to a limit.
class Server::Workers {
  public:
    /// `done` is called by a worker with the connection, if it is to be kept.
    Workers(Library& library, std::function<void(std::unique_ptr<Connection>)> done) :
        library_(library), done_(std::move(done)) {}

    /// Ends what was handed over.
    ~Workers() {
        {
            const std::scoped_lock lock(mutex_);
            ending_ = true;
        }
        wake_.notify_all();
    }
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;

    void hand_over(std::unique_ptr<Connection> connection) {
        const std::scoped_lock lock(mutex_);
        jobs_.push_back(std::move(connection));
        if (jobs_.size() > idle_ && threads_.size() < most_workers)
            threads_.emplace_back([this] { work(); });
        wake_.notify_one();
    }

  private:
    void work() {
        std::unique_lock lock(mutex_);
        for (;;) {
            ++idle_;
            wake_.wait(lock, [this] { return ending_ || !jobs_.empty(); });
            --idle_;
            if (jobs_.empty())
                return;
            auto connection = std::move(jobs_.front());
            jobs_.pop_front();
            const bool ending = ending_;
            lock.unlock();
            bool keep = library_.serve(*connection);
            // What was sent without waiting for the answer.
            while (keep && !ending && connection->has_head())
                keep = library_.serve(*connection);
            done_(keep && !ending ? std::move(connection) : nullptr);
            lock.lock();
        }
    }

    Library& library_;
    std::function<void(std::unique_ptr<Connection>)> done_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::unique_ptr<Connection>> jobs_;
    std::size_t idle_ = 0;
    bool ending_ = false;
    std::vector<std::jthread> threads_; // last: joined first
};

namespace {

/// epoll(7) over listeners, idle connections and an eventfd; used by one thread, but for give_back() and wake().
class Poller {
  public:
    explicit Poller(const std::vector<Listener>& listeners) : listeners_(listeners) {
        if (!epoll_ || !wake_)
            throw system_error(errno, "cannot wait for connections");
        watch(wake_.get());
        for (const auto& listener : listeners_)
            watch(listener.fd.get());
    }

    void wake() const {
        const std::uint64_t one = 1;
        static_cast<void>(::write(wake_.get(), &one, sizeof one));
    }

    /// A worker is done with it (null: it is closed).
    void give_back(std::unique_ptr<Connection> connection) {
        {
            const std::scoped_lock lock(mutex_);
            --working_;
            if (connection)
                returned_.push_back(std::move(connection));
        }
        wake();
    }

    /// Waits once, and hands over every connection with a whole request's head.
    template<typename HandOver>
    void turn(HandOver hand_over) {
        std::array<epoll_event, 64> events{};
        const int timeout = connections_.empty() ? -1 : 1000;
        const int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), timeout);
        for (int i = 0; i < count; ++i)
            react(events.at(static_cast<std::size_t>(i)).data.fd, hand_over);
        take_back();
        if (const auto now = Clock::now(); now - swept_ >= std::chrono::seconds(1)) {
            swept_ = now;
            std::erase_if(connections_, [&](const auto& each) { return each.second->overdue(now); });
        }
        listen_to(connections_.size() + working() < most_connections);
    }

  private:
    void watch(int fd, std::uint32_t events = EPOLLIN) const {
        epoll_event event{.events = events, .data = {.fd = fd}};
        if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0)
            throw system_error(errno, "cannot wait for a connection");
    }

    template<typename HandOver>
    void react(int fd, HandOver& hand_over) {
        for (const auto& listener : listeners_) {
            if (listener.fd.get() == fd)
                return accept(listener);
        }
        if (fd == wake_.get()) {
            std::uint64_t count = 0;
            static_cast<void>(::read(fd, &count, sizeof count));
            return;
        }
        const auto found = connections_.find(fd);
        if (found == connections_.end())
            return;
        if (!found->second->fill()) {
            connections_.erase(found);
            return;
        }
        if (!found->second->has_head())
            return;
        epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
        auto connection = std::move(found->second);
        connections_.erase(found);
        {
            const std::scoped_lock lock(mutex_);
            ++working_;
        }
        hand_over(std::move(connection));
    }

    void accept(const Listener& listener) {
        UniqueFd fd(accept4(listener.fd.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (!fd)
            return; // it has gone again, or there is no descriptor left: the next turn tries once more
        const int on = 1;
        if (listener.door == Door::local)
            setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        const Peer peer = peer_of(fd.get(), listener.door);
        add(std::make_unique<Connection>(std::move(fd), peer));
    }

    void add(std::unique_ptr<Connection> connection) {
        watch(connection->fd());
        connections_.emplace(connection->fd(), std::move(connection));
    }

    void take_back() {
        std::vector<std::unique_ptr<Connection>> returned;
        {
            const std::scoped_lock lock(mutex_);
            returned.swap(returned_);
        }
        for (auto& each : returned)
            add(std::move(each));
    }

    std::size_t working() {
        const std::scoped_lock lock(mutex_);
        return working_;
    }

    /// With too many connections nobody is accepted: whoever comes waits in the socket's own queue.
    void listen_to(bool listening) {
        if (std::exchange(listening_, listening) == listening)
            return;
        for (const auto& listener : listeners_) {
            epoll_event event{.events = listening ? EPOLLIN : 0U, .data = {.fd = listener.fd.get()}};
            epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, listener.fd.get(), &event);
        }
    }

    const std::vector<Listener>& listeners_;
    UniqueFd epoll_{epoll_create1(EPOLL_CLOEXEC)};
    UniqueFd wake_{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    std::map<int, std::unique_ptr<Connection>> connections_;
    Clock::time_point swept_ = Clock::now();
    bool listening_ = true;
    std::mutex mutex_;
    std::vector<std::unique_ptr<Connection>> returned_;
    std::size_t working_ = 0;
};

} // namespace

Server::Server(std::vector<Listener> listeners, Handler handler, Refuse refuse) :
    listeners_(std::move(listeners)), library_(std::make_unique<Library>(std::move(handler), std::move(refuse))) {
    for (const auto& listener : listeners_) {
        // Of several servers on one socket each may lose the race for a connection, and must not wait for the next.
        if (fcntl(listener.fd.get(), F_SETFL, fcntl(listener.fd.get(), F_GETFL) | O_NONBLOCK) != 0)
            throw system_error(errno, "cannot use a listening socket");
    }
}

Server::~Server() = default;

void Server::run(const std::stop_token& stop) {
    Poller poller(listeners_);
    const std::stop_callback wake(stop, [&] { poller.wake(); });
    Workers workers(*library_, [&](std::unique_ptr<Connection> each) { poller.give_back(std::move(each)); });
    while (!stop.stop_requested())
        poller.turn([&](std::unique_ptr<Connection> each) { workers.hand_over(std::move(each)); });
}

} // namespace vectis::api
