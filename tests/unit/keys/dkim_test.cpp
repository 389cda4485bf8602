#include "base/error.hpp"
#include "catch.hpp"
#include "folder.hpp"
#include "keys/dkim.hpp"
#include "private_keys.hpp"
#include "thrown.hpp"

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

/// With a passphrase, in the older form or PKCS#8.
std::string locked(const keys::PrivateKey& key, bool older) {
    return test::pem_of(key, [&](BIO* out, EVP_PKEY* each) {
        const auto* phrase = reinterpret_cast<const unsigned char*>("secret");
        return older ? PEM_write_bio_PrivateKey_traditional(out, each, EVP_aes_128_cbc(), phrase, 6, nullptr, nullptr)
                     : PEM_write_bio_PKCS8PrivateKey(out, each, EVP_aes_256_cbc(), "secret", 6, nullptr, nullptr);
    });
}

std::string public_pem(const keys::PrivateKey& key) {
    return test::pem_of(key, [](BIO* out, EVP_PKEY* each) { return PEM_write_bio_PUBKEY(out, each); });
}

std::string as_pem(const std::string& label, const std::string& der) {
    return "-----BEGIN " + label + "-----\n" + base64(der) + "\n-----END " + label + "-----\n";
}

/// What stands in a PEM block.
std::string der_in(const std::string& pem) {
    const auto from = pem.find('\n');
    return from_base64(pem.substr(from, pem.find("-----END") - from)).value();
}

std::string der_of(char tag, const std::string& content) {
    const auto size = content.size();
    return std::string{tag, '\x82', static_cast<char>(size >> 8U), static_cast<char>(size & 0xFFU)} + content;
}

/// An RSA key of 2048 bits whose first factor is a prime of 44497.
std::string key_with_endless_factor() {
    const auto number = [](const std::string& bytes) { return der_of('\x02', bytes); };
    const std::string modulus = number(std::string(1, '\0') + std::string(256, '\xFF'));
    const std::string one = number("\x01");
    return as_pem("RSA PRIVATE KEY",
                  der_of('\x30', number(std::string(1, '\0')) + modulus + number("\x03") + modulus +
                                     number("\x01" + std::string(5562, '\xFF')) + number("\x07") + one + one + one));
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

TEST_CASE(
    "a private key of somebody else's server is taken in each of its forms, and has the record that is published") {
    const auto check = [](const std::string& pem, const keys::PrivateKey& key, Algorithm algorithm) {
        INFO(pem.substr(0, pem.find('\n')));
        const auto imported = keys::imported_dkim_key(pem);
        CHECK(imported.algorithm == algorithm);
        CHECK(keys::dkim_record(imported.text) ==
              "v=DKIM1; k=" + std::string(keys::text(algorithm)) + "; p=" + test::published_half(key));
    };
    for (const unsigned bits : {1024U, 2048U, 4096U}) {
        const auto key = test::rsa_key(bits);
        check(test::pem_of(key), key, Algorithm::rsa);
        check(test::older_pem_of(key), key, Algorithm::rsa);
    }
    const auto key = test::key_of_kind("ED25519");
    const std::string pem = test::pem_of(key);
    check(pem, key, Algorithm::ed25519);
    CHECK(keys::imported_dkim_key(pem).text.size() == 89); // Rspamd's form
    std::string elsewhere = "\n" + pem + "\n \n";
    for (std::size_t at = 0; (at = elsewhere.find('\n', at)) != std::string::npos; at += 2)
        elsewhere.insert(at, "\r");
    check(elsewhere, key, Algorithm::ed25519);
}

TEST_CASE("what is no private key for DKIM is refused, and nothing of it is said") {
    const auto rsa = test::rsa_key();
    const std::string good = test::pem_of(rsa);
    const std::string older = test::older_pem_of(rsa);
    const std::string ed25519 = test::pem_of(test::key_of_kind("ED25519"));
    const keys::PrivateKey ec(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
    std::string damaged = der_in(older);
    damaged.back() = static_cast<char>(damaged.back() ^ 1);
    struct Row {
        const char* what;
        std::string text;
        const char* found;
    };
    for (const auto& [what, text, found] : std::vector<Row>{
             {"nothing", "", "no PEM"},
             {"words", "my key", "no PEM"},
             {"Rspamd's form", rspamd_key, "no PEM"},
             {"a public key", public_pem(rsa), "a public key"},
             {"a public Ed25519 key", public_pem(test::key_of_kind("ED25519")), "a public key"},
             {"a certificate", as_pem("CERTIFICATE", "x"), "a certificate"},
             {"with a passphrase", locked(rsa, false), "a key with a passphrase"},
             {"with a passphrase, in the older form", locked(rsa, true), "a key with a passphrase"},
             {"an EC key", test::pem_of(ec), "an EC key"},
             {"an EC key in the older form", test::older_pem_of(ec), "an EC key"},
             {"an EC key that is called RSA", as_pem("RSA PRIVATE KEY", der_in(test::older_pem_of(ec))),
              "a damaged key"},
             {"an X25519 key", test::pem_of(test::key_of_kind("X25519")), "a key of another kind"},
             {"an RSA-PSS key", test::pem_of(test::key_of_kind("RSA-PSS")), "a key of another kind"},
             {"something of OpenSSH's", as_pem("OPENSSH PRIVATE KEY", "x"), "something else in PEM"},
             {"a small RSA key", test::pem_of(test::rsa_key(1016)), "an RSA key of 1016 bits"},
             {"a large RSA key", test::pem_of(test::rsa_key(4104)), "an RSA key of 4104 bits"},
             {"two keys", good + ed25519, "more than one block"},
             {"a key and its public half", good + public_pem(rsa), "more than one block"},
             {"text after it", good + "and more\n", "text before or after"},
             {"text before it", "Bag Attributes\n" + good, "text before or after"},
             {"its second half", good.substr(good.size() / 2), "no PEM"},
             {"its first half", good.substr(0, good.size() / 2), "a damaged key"},
             {"no line that ends", "-----BEGIN PRIVATE KEY", "a damaged key"},
             {"no base64", "-----BEGIN PRIVATE KEY-----\nno key?\n-----END PRIVATE KEY-----\n", "a damaged key"},
             {"an empty one", as_pem("PRIVATE KEY", ""), "a damaged key"},
             {"bytes after it", as_pem("PRIVATE KEY", der_in(good) + "x"), "a damaged key"},
             {"bytes after it, in the older form", as_pem("RSA PRIVATE KEY", der_in(older) + "x"), "a damaged key"},
             {"parts that do not belong together", as_pem("RSA PRIVATE KEY", damaged), "a damaged key"},
             {"a factor that is far too long", key_with_endless_factor(), "a damaged key"},
         }) {
        INFO(what);
        const Error error = test::error_of([&, &given = text] { (void)keys::imported_dkim_key(given); });
        INFO(error.text());
        CHECK(error.code() == Code::invalid_input);
        REQUIRE(error.problems().size() == 1);
        CHECK(error.problems()[0].path == "/private_key");
        CHECK(error.problems()[0].what.starts_with(std::string("found ") + found));
        CHECK_FALSE(error.problems()[0].hint.empty());
        for (const auto& line : split(text, '\n'))
            CHECK((line.size() < 10 || line.starts_with("-----") || error.text().find(line) == std::string::npos));
    }
}

TEST_CASE("an imported key's file is closed to others, and never put over another") {
    const Folder folder;
    const fs::path dkim = folder.path / "dkim";
    const std::string text = keys::imported_dkim_key(test::pem_of(test::rsa_key())).text;
    keys::add_dkim_key(dkim, "example.test", "old", text, "");
    const fs::path path = keys::dkim_path(dkim, "example.test", "old");
    CHECK(read_file(path) == text);
    struct stat status {};
    REQUIRE(stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == 0640);
    REQUIRE(stat(path.parent_path().c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == 0750);
    CHECK(code_of([&] { keys::add_dkim_key(dkim, "example.test", "old", rspamd_key, ""); }) == Code::conflict);
    CHECK(read_file(path) == text);
    CHECK_FALSE(keys::ensure_dkim_key(dkim, "example.test", "old", Algorithm::rsa, ""));
}

TEST_CASE("a domain or selector cannot lead a key file out of its folder") {
    for (const auto* name : {"", "..", "../x", "a/b", ".hidden", "a\nb", "A", "a b"}) {
        CHECK(code_of([&] { (void)keys::dkim_path("/d", name, "r1"); }) == Code::invalid_input);
        CHECK(code_of([&] { (void)keys::dkim_path("/d", "example.test", name); }) == Code::invalid_input);
    }
}
