#include "base/error.hpp"
#include "catch.hpp"
#include "systemd/services.hpp"

using namespace vectis;
using namespace vectis::systemd;

TEST_CASE("a service is found by its word and a mistyped one gets the nearest") {
    REQUIRE(service_named("dovecot").units.front() == "dovecot.service");
    try {
        (void)service_named("dovecott");
        FAIL("taken");
    } catch (const Error& error) {
        REQUIRE(error.code() == Code::not_found);
        REQUIRE(error.hint().find("'dovecot'") != std::string::npos);
    }
    REQUIRE_THROWS_AS(service_named("sshd.service"), Error);
    REQUIRE_THROWS_AS(service_named(""), Error);
}

TEST_CASE("a oneshot of /bin/true is a dummy and a real one is not") {
    UnitState state;
    state.type = "oneshot";
    state.exec_start = {"/bin/true"};
    REQUIRE(state.dummy());
    state.exec_start = {"/usr/sbin/postfix", "start"};
    REQUIRE_FALSE(state.dummy());
    state.type = "forking";
    state.exec_start = {"/bin/true"};
    REQUIRE_FALSE(state.dummy());
}
