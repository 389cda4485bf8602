#include "health/connection.hpp"

#include "base/error.hpp"
#include "keys/openssl.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <poll.h>

namespace vectis::health {

namespace {

struct SslDelete {
    void operator()(SSL* each) const noexcept { SSL_free(each); }
    void operator()(SSL_CTX* each) const noexcept { SSL_CTX_free(each); }
};

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = 0;

    [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

SocketAddress socket_address(const std::string& address, std::uint16_t port) {
    SocketAddress made;
    auto* v4 = reinterpret_cast<sockaddr_in*>(&made.storage);
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&made.storage);
    if (inet_pton(AF_INET, address.c_str(), &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        made.size = sizeof *v4;
    } else if (inet_pton(AF_INET6, address.c_str(), &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        made.size = sizeof *v6;
    } else {
        throw Error(Code::internal, fmt::format("cannot connect to '{}': it is no IP address", address));
    }
    return made;
}

Error broken(const Peer& peer, const std::string& doing, const std::string& cause) {
    return Error(Code::unavailable, fmt::format("cannot {} {}: {}", doing, peer.text(), cause));
}

std::string errno_text(int number) {
    return std::strerror(number);
}

} // namespace

struct Connection::Tls {
    std::unique_ptr<SSL_CTX, SslDelete> context;
    std::unique_ptr<SSL, SslDelete> ssl;
};

Connection::Connection(Peer peer, Deadline deadline) : Incoming(std::move(peer)), deadline_(deadline) {
    connect();
}

Connection::~Connection() = default;
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;

void Connection::connect() {
    const auto target = socket_address(peer().address, peer().port);
    fd_ = UniqueFd(socket(target.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd_)
        throw broken(peer(), "connect to", errno_text(errno));
    if (!peer().source.empty()) {
        const auto source = socket_address(peer().source, 0);
        // An IPv6 address that is routed here and stands on no interface (vectis-probe-net.service) needs this.
        const int yes = 1;
        if (setsockopt(fd_.get(), IPPROTO_IP, IP_FREEBIND, &yes, sizeof yes) != 0 ||
            bind(fd_.get(), source.get(), source.size) != 0)
            throw broken(peer(), "connect to", fmt::format("from {}: {}", peer().source, errno_text(errno)));
    }
    if (::connect(fd_.get(), target.get(), target.size) == 0)
        return;
    if (errno != EINPROGRESS)
        throw broken(peer(), "connect to", errno_text(errno));
    try {
        wait_for(POLLOUT);
    } catch (const Error&) {
        throw broken(peer(), "connect to", "no answer; a firewall may drop what comes from the interface vectis-probe");
    }
    int cause = 0;
    socklen_t size = sizeof cause;
    getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &cause, &size);
    if (cause != 0)
        throw broken(peer(), "connect to", errno_text(cause));
}

void Connection::wait_for(short events) const {
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - std::chrono::steady_clock::now());
        pollfd waiting{fd_.get(), events, 0};
        const int ready = left.count() <= 0 ? 0 : poll(&waiting, 1, static_cast<int>(left.count()));
        if (ready > 0)
            return;
        if (ready == 0)
            throw broken(peer(), "talk to", "no answer in time");
        if (errno != EINTR)
            throw broken(peer(), "talk to", errno_text(errno));
    }
}

void Connection::start_tls(const std::string& name) {
    auto tls = std::make_unique<Tls>();
    tls->context.reset(SSL_CTX_new(TLS_client_method()));
    if (tls->context == nullptr || SSL_CTX_set_min_proto_version(tls->context.get(), TLS1_2_VERSION) != 1)
        throw broken(peer(), "start TLS with", keys::openssl_error());
    tls->ssl.reset(SSL_new(tls->context.get()));
    std::string server_name = name; // OpenSSL's macro for this has a cast of the old style
    if (tls->ssl == nullptr || SSL_set_fd(tls->ssl.get(), fd_.get()) != 1 ||
        SSL_ctrl(tls->ssl.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, server_name.data()) != 1)
        throw broken(peer(), "start TLS with", keys::openssl_error());
    forget(); // what was sent in the clear after the answer to STARTTLS does not count (CVE-2011-0411)
    for (;;) {
        ERR_clear_error();
        const int done = SSL_connect(tls->ssl.get());
        if (done == 1)
            break;
        const int error = SSL_get_error(tls->ssl.get(), done);
        if (error == SSL_ERROR_WANT_READ)
            wait_for(POLLIN);
        else if (error == SSL_ERROR_WANT_WRITE)
            wait_for(POLLOUT);
        else
            throw broken(peer(), "start TLS with",
                         error == SSL_ERROR_SSL ? keys::openssl_error() : "the connection was closed");
    }
    tls_ = std::move(tls);
}

bool Connection::encrypted() const {
    return tls_ != nullptr;
}

std::string Connection::certificate() const {
    const keys::Certificate shown(tls_ ? SSL_get1_peer_certificate(tls_->ssl.get()) : nullptr);
    const keys::Bio out(BIO_new(BIO_s_mem()));
    if (shown == nullptr || out == nullptr || PEM_write_bio_X509(out.get(), shown.get()) != 1)
        throw broken(peer(), "see the certificate of", "none was shown");
    return keys::written(out.get());
}

void Connection::write(std::string_view bytes) {
    while (!bytes.empty()) {
        if (tls_) {
            ERR_clear_error();
            const int done = SSL_write(tls_->ssl.get(), bytes.data(),
                                       static_cast<int>(std::min<std::size_t>(bytes.size(), 1U << 14U)));
            if (done > 0) {
                bytes.remove_prefix(static_cast<std::size_t>(done));
                continue;
            }
            const int error = SSL_get_error(tls_->ssl.get(), done);
            if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
                throw broken(peer(), "write to", "the connection was closed");
            wait_for(error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT);
            continue;
        }
        const ssize_t done = send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (done > 0)
            bytes.remove_prefix(static_cast<std::size_t>(done));
        else if (errno == EAGAIN)
            wait_for(POLLOUT);
        else if (errno != EINTR)
            throw broken(peer(), "write to", errno_text(errno));
    }
}

std::string Connection::receive() {
    // Whoever sends without a pause is never waited for.
    if (std::chrono::steady_clock::now() >= deadline_)
        throw broken(peer(), "talk to", "it does not come to an end in time");
    std::array<char, 16384> part{};
    for (;;) {
        if (tls_) {
            ERR_clear_error();
            const int count = SSL_read(tls_->ssl.get(), part.data(), static_cast<int>(part.size()));
            if (count > 0)
                return {part.data(), static_cast<std::size_t>(count)};
            const int error = SSL_get_error(tls_->ssl.get(), count);
            if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
                throw broken(peer(), "read from", "the connection was closed");
            wait_for(error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT);
            continue;
        }
        const ssize_t count = recv(fd_.get(), part.data(), part.size(), 0);
        if (count > 0)
            return {part.data(), static_cast<std::size_t>(count)};
        if (count == 0)
            throw broken(peer(), "read from", "the connection was closed");
        if (errno == EAGAIN)
            wait_for(POLLIN);
        else if (errno != EINTR)
            throw broken(peer(), "read from", errno_text(errno));
    }
}

} // namespace vectis::health
