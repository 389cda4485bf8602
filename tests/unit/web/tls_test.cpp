#include "base/clock.hpp"
#include "catch.hpp"
#include "folder.hpp"
#include "local_server.hpp"
#include "web/client.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

using namespace vectis;
using namespace vectis::web;
using vectis::test::Folder;
using vectis::test::LocalDns;
using vectis::test::LocalServer;
using vectis::test::Peer;
using vectis::test::TlsContext;

namespace {

struct X509Delete {
    void operator()(X509* each) const noexcept { X509_free(each); }
    void operator()(EVP_PKEY* each) const noexcept { EVP_PKEY_free(each); }
    void operator()(X509_EXTENSION* each) const noexcept { X509_EXTENSION_free(each); }
    void operator()(BIO* each) const noexcept { BIO_free_all(each); }
};

struct Issued {
    std::unique_ptr<EVP_PKEY, X509Delete> key{EVP_EC_gen("P-256")};
    std::unique_ptr<X509, X509Delete> certificate{X509_new()};
};

struct Wanted {
    std::string names = "DNS:hook.example.test"; // as OpenSSL's configuration says it; empty: an authority
    std::chrono::hours from{-24};
    std::chrono::hours until{24};
};

void extend(X509* made, X509* issuer, int kind, const std::string& value) {
    X509V3_CTX context{};
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, made, nullptr, nullptr, 0);
    const std::unique_ptr<X509_EXTENSION, X509Delete> extension(
        X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
    REQUIRE(extension != nullptr);
    REQUIRE(X509_add_ext(made, extension.get(), -1) == 1);
}

/// Signed by `authority`, or by itself.
Issued issue(const Wanted& wanted, const Issued* authority = nullptr) {
    Issued issued;
    X509* made = issued.certificate.get();
    const Issued& signer = authority == nullptr ? issued : *authority;
    static long serial = 1;
    const std::time_t start = std::chrono::system_clock::to_time_t(now() + wanted.from);
    const std::time_t end = std::chrono::system_clock::to_time_t(now() + wanted.until);
    X509_set_version(made, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made), ++serial);
    ASN1_TIME_set(X509_getm_notBefore(made), start);
    ASN1_TIME_set(X509_getm_notAfter(made), end);
    X509_set_pubkey(made, issued.key.get());
    const std::string common = wanted.names.empty() ? "An Authority" : "A Server";
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(common.data()), static_cast<int>(common.size()),
                               -1,
                               0); // NOLINT: OpenSSL's bytes
    X509_set_issuer_name(made, X509_get_subject_name(signer.certificate.get()));
    extend(made, signer.certificate.get(), NID_basic_constraints,
           wanted.names.empty() ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (!wanted.names.empty())
        extend(made, signer.certificate.get(), NID_subject_alt_name, wanted.names);
    REQUIRE(X509_sign(made, signer.key.get(), EVP_sha256()) > 0);
    return issued;
}

TlsContext tls_of(const Issued& issued) {
    TlsContext context(SSL_CTX_new(TLS_server_method()));
    REQUIRE(SSL_CTX_use_certificate(context.get(), issued.certificate.get()) == 1);
    REQUIRE(SSL_CTX_use_PrivateKey(context.get(), issued.key.get()) == 1);
    return context;
}

std::string pem_of(const Issued& issued) {
    const std::unique_ptr<BIO, X509Delete> out(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(out.get(), issued.certificate.get());
    char* text = nullptr;
    const auto size = BIO_get_mem_data(out.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

/// An authority that the clients of a test trust, and what they get from a server of theirs.
struct Trust {
    Folder folder;
    Issued authority = issue({.names = ""});

    Trust() { replace_file(folder.path / "ca.pem", pem_of(authority), {}); }

    [[nodiscard]] WebOptions options(std::uint16_t port) const {
        return {.allow_networks = {parse_ip_network("127.0.0.0/8").value()},
                .ports = {port},
                .ca_file = folder.path / "ca.pem"};
    }

    /// How a client fares with a server that shows `shown` and answers well.
    [[nodiscard]] WebAnswer answer(const Issued& shown, const std::string& host = "hook.example.test") const {
        const TlsContext tls = tls_of(shown);
        return answer(tls.get(), host);
    }
    [[nodiscard]] WebAnswer answer(SSL_CTX* tls, const std::string& host = "hook.example.test") const {
        LocalServer server(
            [](Peer& peer) {
                if (!peer.request().empty())
                    peer.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            },
            "127.0.0.1", 0, tls);
        LocalDns dns({"127.0.0.1"});
        return WebClient(dns.lookup(), options(server.port())).post(server.url(host), {}, "{}");
    }
};

} // namespace

TEST_CASE("a server with a certificate for its name is asked by TLS, on a connection that stays") {
    const Trust trust;
    const TlsContext tls = tls_of(issue({}, &trust.authority));
    Guarded<std::string> name;
    LocalServer server(
        [&](Peer& peer) {
            name.with([&](std::string& text) { text = peer.server_name(); });
            for (auto request = peer.request(); !request.empty(); request = peer.request())
                peer.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        },
        "127.0.0.1", 0, tls.get());
    LocalDns dns({"127.0.0.1"});
    WebClient client(dns.lookup(), trust.options(server.port()));
    for (int i = 0; i < 3; ++i) {
        const auto answer = client.post(server.url("Hook.Example.test"), {}, "{}");
        INFO(answer.detail);
        CHECK(answer.status == 200);
        CHECK(answer.address == "127.0.0.1");
    }
    CHECK(server.count() == 1);
    CHECK(name.with([](const std::string& text) { return text; }) == "hook.example.test");
}

TEST_CASE("a certificate has to be for the name or address in the URL, and of our time") {
    const Trust trust;
    const Issued* by = &trust.authority;
    CHECK(trust.answer(issue({.names = "DNS:other.example.test,DNS:hook.example.test"}, by)).status == 200);
    CHECK(trust.answer(issue({.names = "DNS:*.example.test"}, by)).status == 200);
    CHECK(trust.answer(issue({.names = "IP:127.0.0.1"}, by), "127.0.0.1").status == 200);
    for (const auto& [shown, host] : std::vector<std::pair<Wanted, std::string>>{
             {{.names = "DNS:other.example.test"}, "hook.example.test"},
             {{.names = "DNS:example.test"}, "hook.example.test"},
             {{.names = "DNS:*.test"}, "hook.example.test"},
             {{.names = "DNS:hook.example.test.evil.test"}, "hook.example.test"},
             {{.names = "IP:127.0.0.1"}, "hook.example.test"}, // where it is does not count, how it is called does
             {{.names = "DNS:hook.example.test"}, "127.0.0.1"},
             {{.names = "IP:127.0.0.2"}, "127.0.0.1"},
             {{.from = std::chrono::hours(-48), .until = std::chrono::hours(-24)}, "hook.example.test"},
             {{.from = std::chrono::hours(24), .until = std::chrono::hours(48)}, "hook.example.test"}}) {
        INFO(shown.names << " for " << host);
        const auto answer = trust.answer(issue(shown, by), host);
        CHECK(answer.fault == WebFault::tls);
        CHECK_FALSE(answer.detail.empty());
        CHECK(answer.status == 0);
    }
}

TEST_CASE("a certificate that nobody we trust has signed is none") {
    const Trust trust;
    CHECK(trust.answer(issue({})).fault == WebFault::tls);
    const Issued other = issue({.names = ""});
    CHECK(trust.answer(issue({}, &other)).fault == WebFault::tls);
    // A server's certificate makes no authority.
    const Issued server = issue({}, &trust.authority);
    CHECK(trust.answer(issue({}, &server)).fault == WebFault::tls);
    // Nor does the system trust a test's.
    const TlsContext tls = tls_of(server);
    LocalServer listening([](Peer& peer) { peer.wait(); }, "127.0.0.1", 0, tls.get());
    LocalDns dns({"127.0.0.1"});
    auto options = trust.options(listening.port());
    options.ca_file.clear();
    CHECK(WebClient(dns.lookup(), options).post(listening.url(), {}, "").fault == WebFault::tls);
}

TEST_CASE("TLS before 1.2 is not spoken") {
    const Trust trust;
    const TlsContext tls = tls_of(issue({}, &trust.authority));
    SSL_CTX_set_security_level(tls.get(), 0);
    SSL_CTX_set_min_proto_version(tls.get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(tls.get(), TLS1_2_VERSION);
    CHECK(trust.answer(tls.get()).status == 200);
    SSL_CTX_set_max_proto_version(tls.get(), TLS1_1_VERSION);
    CHECK(trust.answer(tls.get()).fault == WebFault::tls);
}

TEST_CASE("who does not speak TLS at all is not asked without") {
    const Trust trust;
    LocalServer plain([](Peer& peer) { peer.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"); });
    LocalServer silent([](Peer& peer) { peer.wait(); });
    LocalDns dns({"127.0.0.1"});
    const auto https = [](const LocalServer& server) { return "https" + server.url().substr(4); };
    CHECK(WebClient(dns.lookup(), trust.options(plain.port())).post(https(plain), {}, "secret").fault == WebFault::tls);
    auto options = trust.options(silent.port());
    options.limit = std::chrono::milliseconds(300);
    CHECK(WebClient(dns.lookup(), options).post(https(silent), {}, "secret").fault == WebFault::timeout);
}
