#include "base/subprocess.hpp"
#include "catch.hpp"
#include "folder.hpp"
#include "keys/certificate.hpp"

#include <sys/stat.h>

#include <algorithm>

using namespace vectis;
using std::chrono::days;
using vectis::test::Folder;

namespace {

const Time today = parse_rfc3339("2026-11-24T10:00:00.000Z");

struct Files {
    Folder folder;
    fs::path certificate = folder.path / "server.crt";
    fs::path key = folder.path / "server.key";

    void write(const keys::SelfSigned& pair) const {
        replace_file(certificate, pair.certificate, {.mode = 0644});
        replace_file(key, pair.key, {.mode = 0600});
    }
    [[nodiscard]] std::vector<Problem> problems(Time now = today) const {
        return keys::certificate_problems(certificate, key, "mx.example.test", now);
    }
    [[nodiscard]] bool blames(const std::string& path, Time now = today) const {
        const auto found = problems(now);
        return std::any_of(found.begin(), found.end(), [&](const Problem& each) { return each.path == path; });
    }
};

} // namespace

TEST_CASE("the digest of a public key is what OpenSSL's program makes of it") {
    const Files files;
    files.write(keys::self_signed("mx.example.test", today));
    const auto key =
        run({"openssl", "x509", "-in", files.certificate.string(), "-noout", "-pubkey"}, std::chrono::seconds(20));
    const fs::path pem = files.folder.path / "public.pem";
    replace_file(pem, key.out, {.mode = 0600});
    const auto digest =
        run({"sh", "-c", "openssl pkey -pubin -in \"$1\" -outform DER | sha256sum", "digest", pem.string()},
            std::chrono::seconds(20));
    CHECK(digest.out.starts_with(keys::public_key_digest(*read_file(files.certificate)) + " "));
    CHECK_THROWS_AS(keys::public_key_digest("nothing"), Error);
}

TEST_CASE("our own certificate is for the hostname and 825 days, and OpenSSL's program accepts it") {
    const Files files;
    files.write(keys::self_signed("mx.example.test", today));
    const auto info = keys::certificate_info(*read_file(files.certificate));
    CHECK(info.names == std::vector<std::string>{"mx.example.test"});
    CHECK(info.self_signed);
    CHECK(info.not_before <= today);
    CHECK(info.not_after - info.not_before == days(825));
    CHECK(files.problems().empty());
    const auto verified = run({"openssl", "verify", "-attime", "1795700000", "-x509_strict", "-verify_hostname",
                               "mx.example.test", "-purpose", "sslserver", "-partial_chain", "-CAfile",
                               files.certificate.string(), files.certificate.string()},
                              std::chrono::seconds(10));
    INFO(verified.out << verified.err);
    CHECK(verified.status == 0);
}

TEST_CASE("a certificate covers its names and one label for a star") {
    const keys::CertificateInfo info{.names = {"mx.example.test", "*.mail.test"}};
    CHECK(info.covers("MX.example.test"));
    CHECK(info.covers("a.mail.test"));
    CHECK_FALSE(info.covers("a.b.mail.test"));
    CHECK_FALSE(info.covers("mail.test"));
    CHECK_FALSE(info.covers(".mail.test"));
    CHECK_FALSE(info.covers("xmx.example.test"));
}

TEST_CASE("each thing wrong with named certificate files is said") {
    const Files files;
    SECTION("missing") {
        CHECK(files.blames("tls.certificate"));
        CHECK(files.blames("tls.key"));
    }
    SECTION("no PEM") {
        files.write({.certificate = "hello", .key = "hello"});
        CHECK(files.problems().size() == 2);
    }
    SECTION("of different pairs") {
        files.write({.certificate = keys::self_signed("mx.example.test", today).certificate,
                     .key = keys::self_signed("mx.example.test", today).key});
        CHECK(files.problems().size() == 1);
        CHECK(files.blames("tls.key"));
    }
    SECTION("for another name") {
        files.write(keys::self_signed("www.example.test", today));
        CHECK(files.problems().size() == 1);
        CHECK(files.blames("tls.certificate"));
    }
    SECTION("expired, and not yet valid") {
        files.write(keys::self_signed("mx.example.test", today));
        CHECK(files.blames("tls.certificate", today + days(826)));
        CHECK(files.blames("tls.certificate", today - days(2)));
        CHECK_FALSE(files.blames("tls.certificate", today + days(800)));
    }
    SECTION("with a key that everybody may read") {
        files.write(keys::self_signed("mx.example.test", today));
        chmod(files.key.c_str(), 0644);
        CHECK(files.problems().size() == 1);
        CHECK(files.blames("tls.key"));
    }
    SECTION("with a key under a passphrase") {
        files.write(keys::self_signed("mx.example.test", today));
        REQUIRE(run({"openssl", "pkcs8", "-topk8", "-in", files.key.string(), "-out",
                     (files.folder.path / "locked.key").string(), "-passout", "pass:secret"},
                    std::chrono::seconds(10))
                    .status == 0);
        fs::rename(files.folder.path / "locked.key", files.key);
        CHECK(files.blames("tls.key"));
    }
}

TEST_CASE("our own certificate is kept, renewed under its key, and mended") {
    const Folder folder;
    const fs::path tls = folder.path / "tls";
    CHECK(keys::ensure_self_signed(tls, "mx.example.test", today));
    const auto certificate = read_file(tls / "self_signed.crt");
    const auto key = read_file(tls / "self_signed.key");
    struct stat status {};
    REQUIRE(stat((tls / "self_signed.key").c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == 0600);

    CHECK_FALSE(keys::ensure_self_signed(tls, "mx.example.test", today + days(794)));
    CHECK(read_file(tls / "self_signed.crt") == certificate);

    SECTION("renewed when under 30 days are left, with the same key") {
        CHECK(keys::ensure_self_signed(tls, "mx.example.test", today + days(796)));
        CHECK(read_file(tls / "self_signed.crt") != certificate);
        CHECK(read_file(tls / "self_signed.key") == key);
    }
    SECTION("made again for a new hostname") {
        CHECK(keys::ensure_self_signed(tls, "mail.example.test", today));
        CHECK(keys::certificate_info(*read_file(tls / "self_signed.crt")).covers("mail.example.test"));
    }
    SECTION("mended when a power cut left only the key") {
        fs::remove(tls / "self_signed.crt");
        CHECK(keys::ensure_self_signed(tls, "mx.example.test", today));
        CHECK(keys::certificate_problems(tls / "self_signed.crt", tls / "self_signed.key", "mx.example.test", today)
                  .empty());
    }
    SECTION("mended when the key is gone or broken") {
        replace_file(tls / "self_signed.key", "", {});
        CHECK(keys::ensure_self_signed(tls, "mx.example.test", today));
        CHECK(keys::certificate_problems(tls / "self_signed.crt", tls / "self_signed.key", "mx.example.test", today)
                  .empty());
    }
}

TEST_CASE("a name that could become a second one in a certificate is refused") {
    CHECK_THROWS_AS(keys::self_signed("mx.example.test,DNS:bank.test", today), Error);
    CHECK_THROWS_AS(keys::self_signed("", today), Error);
}
