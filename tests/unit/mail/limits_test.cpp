// To how many recipients one may send, and how Postfix asks.
#include "base/error.hpp"
#include "catch.hpp"
#include "folder.hpp"
#include "mail/limits.hpp"
#include "mail/policy_server.hpp"
#include "script.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <fstream>
#include <thread>

using namespace vectis;
using vectis::test::at;
using vectis::test::Folder;
using vectis::test::listen_at;

namespace {

struct LimitedServer {
    Folder folder;
    store::Vectis database{folder.path / "vectis.db", fs::path(MIGRATIONS) / "vectis", ""};
    Time start = parse_rfc3339("2026-11-27T12:00:30.000Z");

    auto count(std::vector<mail::Sender> senders, std::chrono::minutes later) {
        return database.write(
            [&](store::Database& open) { return mail::count_recipients(open, senders, start + later); });
    }
    std::string asked(const mail::Limits& limits, const std::string& who, const std::string& recipients,
                      const std::string& state = "DATA") {
        return mail::submission_action(
            database, limits, {{"protocol_state", state}, {"sasl_username", who}, {"recipient_count", recipients}},
            start);
    }
};

mail::Sender key_sender(std::int64_t recipients) {
    return {.kind = "key", .name = "1", .shown = "key shop", .limit = 100, .recipients = recipients};
}

} // namespace

TEST_CASE("recipients are counted for an hour, and never are there more in one than may be") {
    using std::chrono::minutes;
    LimitedServer server;
    CHECK_FALSE(server.count({key_sender(60)}, minutes(0)));
    CHECK_FALSE(server.count({key_sender(40)}, minutes(10)));
    const auto above = server.count({key_sender(50)}, minutes(30));
    REQUIRE(above);
    CHECK(above->used == 100);
    CHECK(
        mail::told(*above) ==
        "the key shop may send to 100 recipients in an hour and has sent to 100; it may send to 50 more in 31 minutes");
    REQUIRE(above->wait);
    CHECK(*above->wait == std::chrono::seconds(30 * 60 + 30)); // at 13:01: what was counted at 12:00 may be of 12:00:59
    CHECK(server.count({key_sender(61)}, minutes(30))->wait == std::chrono::seconds(40 * 60 + 30));
    CHECK(server.count({key_sender(1)}, minutes(60)));
    CHECK(server.count({key_sender(61)}, minutes(61)));
    CHECK_FALSE(server.count({key_sender(60)}, minutes(61)));
    CHECK_FALSE(server.count({key_sender(101)}, minutes(500))->wait);
    CHECK(mail::told(*server.count({key_sender(101)}, minutes(500))) ==
          "the key shop may send to 100 recipients in an hour, and these are 101");
}

TEST_CASE("what is too much for one of the senders counts for none of them, and the unlimited are not counted") {
    LimitedServer server;
    const mail::Limits limits{.mailbox = 0, .key = 0, .domain = 10, .probe = {}};
    const auto domain = [&](std::int64_t recipients) {
        return mail::domain_sender("example.test", limits, recipients);
    };
    CHECK(server.count({key_sender(11), domain(11)}, {})->sender.shown == "domain example.test");
    CHECK_FALSE(server.count({key_sender(100)}, {}));
    CHECK_FALSE(server.count({domain(10)}, {}));
    CHECK_FALSE(server.count({{.kind = "key", .name = "2", .shown = "key 2", .limit = 0, .recipients = 1000}}, {}));
    const auto rows = [&] {
        return server.database.read([](store::Database& open) {
            auto select = open.prepare("select count(*) from sent_counts");
            REQUIRE(select.step());
            return select.integer(0);
        });
    };
    CHECK(rows() == 2);
    const auto forget = [&](std::chrono::minutes later) {
        return server.database.write(
            [&](store::Database& open) { return mail::forget_counted(open, server.start + later); });
    };
    CHECK(forget(std::chrono::minutes(60)) == 0);
    CHECK(forget(std::chrono::minutes(61)) == 2);
    CHECK(rows() == 0);
}

TEST_CASE("a mailbox that has sent to enough is told so where it sends") {
    LimitedServer server;
    const mail::Limits limits{.mailbox = 10, .key = 0, .domain = 12, .probe = "vectis-probe@mail.example.test"};
    CHECK(server.asked(limits, "", "100") == "DUNNO");
    CHECK(server.asked(limits, "Anna@example.test", "10") == "DUNNO");
    CHECK(server.asked(limits, "anna@example.test", "1") ==
          "450 4.7.1 the mailbox anna@example.test may send to 10 recipients in an hour and has sent to 10; it may "
          "send to 1 more in 61 minutes");
    CHECK(server.asked(limits, "bert@example.test", "3").starts_with("450 4.7.1 the domain example.test may"));
    CHECK(server.asked(limits, "bert@example.test", "2") == "DUNNO");
    CHECK(server.asked(limits, "carl@other.test", "11") ==
          "550 5.7.1 the mailbox carl@other.test may send to 10 recipients in an hour, and these are 11: send it in "
          "parts");
    CHECK(server.asked({}, "anna@example.test", "1000") == "DUNNO");
    CHECK(server.asked(limits, "vectis-probe@mail.example.test", "1000") == "DUNNO");
    CHECK(server.asked(limits, "vectis-probe@example.test", "1000") != "DUNNO");
    CHECK_THROWS_AS(server.asked(limits, "anna@example.test", "0"), Error);
    CHECK_THROWS_AS(server.asked(limits, "anna@example.test", "1", "RCPT"), Error);
}

TEST_CASE("limits are those of the configuration in force, also after another came into force") {
    const Folder folder;
    const auto write = [&](const std::string& generation, int mailbox) {
        fs::create_directories(folder.path / generation / "api");
        std::ofstream(folder.path / generation / "api/limits.json")
            << fmt::format(R"({{"mailbox": {}, "key": 2, "domain": 3, "probe": "p@a.test"}})", mailbox);
        fs::remove(folder.path / "current");
        fs::create_symlink(generation, folder.path / "current");
    };
    mail::LimitsInForce limits(folder.path / "current/api/limits.json");
    CHECK(limits().mailbox == 0); // of before there were any
    write("1", 10);
    CHECK(limits().mailbox == 10);
    CHECK(limits().key == 2);
    CHECK(limits().domain == 3);
    CHECK(limits().probe == "p@a.test");
    write("2", 20);
    CHECK(limits().mailbox == 20);
}

TEST_CASE("the policy server answers each question, of several connections, in pieces, and goes on after a fault") {
    const Folder folder;
    std::vector<std::string> logged;
    mail::PolicyServer server(listen_at(folder.path / "policy"),
                              {.action =
                                   [](const mail::PolicyServer::Attributes& asked) {
                                       if (asked.at("sasl_username") == "fault")
                                           throw Error(Code::system, "the disk is full");
                                       return "450 4.7.1 " + asked.at("sasl_username") + "\nx";
                                   },
                               .log = [&](const std::string& line) { logged.push_back(line); }});
    std::jthread running([&](const std::stop_token& stop) { server.run(stop); });
    const auto address = at(folder.path / "policy");
    std::array<UniqueFd, 2> clients;
    for (auto& each : clients) {
        each.reset(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        REQUIRE(connect(each.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0); // NOLINT
    }
    const auto say = [](const UniqueFd& fd, const std::string& text) {
        REQUIRE(::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL) == std::ssize(text));
    };
    const auto heard = [](const UniqueFd& fd) {
        std::string text;
        for (char c = 0; !text.ends_with("\n\n") && ::read(fd.get(), &c, 1) == 1;)
            text += c;
        return text;
    };
    say(clients[0], "request=smtpd_access_policy\nsasl_user");
    say(clients[1], "sasl_username=bert\n\n");
    CHECK(heard(clients[1]) == "action=450 4.7.1 bert\\u000ax\n\n");
    say(clients[0], "name=a=b\n\n");
    CHECK(heard(clients[0]) == "action=450 4.7.1 a=b\\u000ax\n\n");
    say(clients[0], "sasl_username=fault\n\n");
    CHECK(heard(clients[0]) == "action=DUNNO\n\n");
    say(clients[0], "sasl_username=anna\n\n");
    CHECK(heard(clients[0]).starts_with("action=450 4.7.1 anna"));
    say(clients[1], std::string(70000, 'x'));
    CHECK(heard(clients[1]).empty()); // too long: it is at its end
    running.request_stop();
    running.join();
    CHECK(logged == std::vector<std::string>{"cannot say whether a message may be sent: the disk is full"});
}
