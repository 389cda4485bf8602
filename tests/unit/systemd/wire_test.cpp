#include "catch.hpp"
#include "systemd/wire.hpp"

#include <nlohmann/json.hpp>

using namespace vectis;
using namespace vectis::systemd;

namespace {

void require_equal(const Error& a, const Error& b) {
    REQUIRE(a.code() == b.code());
    REQUIRE(std::string(a.what()) == b.what());
    REQUIRE(a.hint() == b.hint());
    REQUIRE(a.text() == b.text());
    REQUIRE(a.problems().size() == b.problems().size());
}

} // namespace

TEST_CASE("an error comes out of the bus as it went in") {
    const Error plain(Code::busy, "cannot apply: another apply is running");
    const Error full(Code::check_failed, "cannot use the new configuration: postfix refuses it", "vectis plan",
                     {{{"main.cf", 3, 7}, "/postfix", "bad \"value\"\nwith two lines", "change it"}, {}});
    require_equal(from_wire(to_wire(plain)), plain);
    require_equal(from_wire(to_wire(full)), full);
    require_equal(from_event(parse_json(to_text(to_event(full)))), full);
    REQUIRE(to_wire(plain).name == "org.vectis.Error.busy");
    REQUIRE(to_wire(plain).message == plain.what());
}

TEST_CASE("bytes that D-Bus refuses are escaped before they reach it") {
    const auto wire = to_wire(Error(Code::system, "a\xff\nc", std::string("\xfe\0", 2)));
    REQUIRE(wire.message.find('\0') == std::string::npos);
    REQUIRE(from_wire(wire).code() == Code::system);
    REQUIRE(std::string(from_wire(wire).what()).find_first_of("\xff\n") == std::string::npos);
}

TEST_CASE("an error of a stranger keeps its words") {
    const auto error = from_wire({"org.vectis.Error.from_the_future", "text\nnot json"});
    REQUIRE(error.code() == Code::internal);
    REQUIRE(std::string(error.what()) == "text\nnot json");
    REQUIRE(from_wire({"x", "y"}).code() == Code::internal);
    REQUIRE(from_event(Json::object()).code() == Code::internal);
}
