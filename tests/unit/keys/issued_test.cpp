#include "base/clock.hpp"
#include "catch.hpp"
#include "folder.hpp"
#include "keys/certificate.hpp"
#include "keys/issued.hpp"

using namespace vectis;

TEST_CASE("a name without a certificate gets a stand-in, which an issued one replaces whole") {
    const test::Folder folder;
    const fs::path tls = folder.path;
    const std::string name = "mail.example.test";
    keys::ensure_stand_ins(tls, {name, "autoconfig.example.test"}, now());
    const auto stand_in = read_file(keys::issued_certificate(tls, name)).value();
    CHECK(keys::certificate_info(stand_in).covers(name));
    CHECK(keys::certificate_problems(keys::issued_certificate(tls, name), keys::issued_key(tls, name), name, now())
              .empty());

    keys::ensure_stand_ins(tls, {name}, now());
    CHECK(read_file(keys::issued_certificate(tls, name)) == stand_in);

    const auto issued = keys::self_signed(name, now());
    CHECK(keys::put_issued(tls, name, issued.certificate, issued.key));
    CHECK_FALSE(keys::put_issued(tls, name, issued.certificate, issued.key));
    CHECK(read_file(keys::issued_certificate(tls, name)) == issued.certificate);
    CHECK(read_file(keys::issued_key(tls, name)) == issued.key);
    CHECK((fs::status(keys::issued_key(tls, name)).permissions() & fs::perms::mask) == fs::perms{0600});
    // Of the pair before nothing is left.
    CHECK(std::distance(fs::directory_iterator(tls / "acme/stored"), fs::directory_iterator{}) == 2);
}
