#include "base/error.hpp"
#include "catch.hpp"
#include "folder.hpp"
#include "keys/dkim.hpp"

#include <sys/stat.h>

#include <functional>

using namespace vectis;
using keys::Algorithm;
using vectis::test::Folder;

namespace {

// Both made by `rspamadm dkim_keygen -t ed25519` of Rspamd 3.4.
constexpr auto rspamd_key =
    "XrsIhjpxdRmxlhdDPt3cJbFnwR8qworUJm4UHCzmRGym2+Wx6ChHeRrh6eMByu1fgpOYOFc9glLUrzyQ75P3Ig==\n";
constexpr auto rspamd_record = "v=DKIM1; k=ed25519; p=ptvlsegoR3ka4enjAcrtX4KTmDhXPYJS1K88kO+T9yI=";

Code code_of(const std::function<void()>& work) {
    try {
        work();
    } catch (const Error& error) {
        return error.code();
    }
    FAIL("nothing was thrown");
    return Code::internal;
}

} // namespace

TEST_CASE("an Ed25519 key has Rspamd's form and its record decodes to 32 bytes") {
    const std::string key = keys::new_dkim_key(Algorithm::ed25519);
    CHECK(key.size() == 89);
    CHECK(key.ends_with("==\n"));
    const std::string record = keys::dkim_record(key);
    const std::string start = "v=DKIM1; k=ed25519; p=";
    REQUIRE(record.starts_with(start));
    CHECK(record.size() == start.size() + 44);
    CHECK(keys::new_dkim_key(Algorithm::ed25519) != key);
}

TEST_CASE("the halves of an Ed25519 key must belong together") {
    CHECK(
        keys::dkim_record("XrsIhjpxdRmxlhdDPt3cJbFnwR8qworUJm4UHCzmRGym2+Wx6ChHeRrh6eMByu1fgpOYOFc9glLUrzyQ75P3Ig==") ==
        "v=DKIM1; k=ed25519; p=ptvlsegoR3ka4enjAcrtX4KTmDhXPYJS1K88kO+T9yI=");
    std::string broken = rspamd_key;
    broken[70] = broken[70] == 'A' ? 'B' : 'A';
    CHECK(code_of([&] { (void)keys::dkim_record(broken); }) == Code::invalid_input);
    CHECK(keys::dkim_record(rspamd_key) == rspamd_record);
}

TEST_CASE("an RSA key is PKCS#8 PEM and its record holds a public key of 2048 bits") {
    const std::string key = keys::new_dkim_key(Algorithm::rsa);
    CHECK(key.starts_with("-----BEGIN PRIVATE KEY-----\n"));
    const std::string record = keys::dkim_record(key);
    CHECK(record.starts_with("v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA"));
    CHECK(record.size() > 255); // it must be split when published
}

TEST_CASE("what is no DKIM key has no record") {
    for (const auto* text : {"", "\n", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "AAAA"})
        CHECK(code_of([&] { (void)keys::dkim_record(text); }) == Code::invalid_input);
}

TEST_CASE("a DKIM key file is made once, closed to others, and never overwritten") {
    const Folder folder;
    const fs::path dkim = folder.path / "dkim";
    CHECK(keys::ensure_dkim_key(dkim, "example.test", "e1", Algorithm::ed25519, ""));
    const fs::path path = keys::dkim_path(dkim, "example.test", "e1");
    CHECK(path == dkim / "example.test" / "e1.key");
    const auto key = read_file(path);
    struct stat status {};
    REQUIRE(stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == 0640);
    REQUIRE(stat(path.parent_path().c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == 0750);

    SECTION("a second time changes nothing") {
        CHECK_FALSE(keys::ensure_dkim_key(dkim, "example.test", "e1", Algorithm::ed25519, ""));
        CHECK(read_file(path) == key);
    }
    SECTION("a mode that keeps the signer out is mended") {
        REQUIRE(chmod(path.c_str(), 0600) == 0);
        CHECK_FALSE(keys::ensure_dkim_key(dkim, "example.test", "e1", Algorithm::ed25519, ""));
        REQUIRE(stat(path.c_str(), &status) == 0);
        CHECK((status.st_mode & 0777U) == 0640);
    }
    SECTION("the selector of the other algorithm is a conflict") {
        CHECK(code_of([&] { keys::ensure_dkim_key(dkim, "example.test", "e1", Algorithm::rsa, ""); }) ==
              Code::conflict);
        CHECK(read_file(path) == key);
    }
    SECTION("a file that is no key is a conflict and stays") {
        replace_file(path, "notes", {});
        CHECK(code_of([&] { keys::ensure_dkim_key(dkim, "example.test", "e1", Algorithm::ed25519, ""); }) ==
              Code::conflict);
        CHECK(read_file(path) == "notes");
    }
}

TEST_CASE("a domain or selector cannot lead a key file out of its folder") {
    for (const auto* name : {"", "..", "../x", "a/b", ".hidden", "a\nb", "A", "a b"}) {
        CHECK(code_of([&] { (void)keys::dkim_path("/d", name, "r1"); }) == Code::invalid_input);
        CHECK(code_of([&] { (void)keys::dkim_path("/d", "example.test", name); }) == Code::invalid_input);
    }
}
