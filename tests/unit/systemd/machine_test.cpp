// What needs systemd itself: run by tests/flow/supervisor_test.py as root inside a throw-away server
// (`unit '[machine]'`), hidden everywhere else.
#include "base/error.hpp"
#include "base/file.hpp"
#include "base/subprocess.hpp"
#include "catch.hpp"
#include "systemd/journal.hpp"
#include "systemd/manager.hpp"
#include "systemd/watch.hpp"
#include "thrown.hpp"

#include <chrono>
#include <poll.h>
#include <thread>

using namespace vectis;
using namespace vectis::systemd;
using std::chrono::milliseconds;
using std::chrono::seconds;
using vectis::test::error_of;

namespace {

/// A unit of the test's own, gone with it.
class Unit {
  public:
    Unit(std::string name, const std::string& service) : name_(std::move(name)) {
        write_new_file(path(), "[Service]\n" + service, {});
        manager_.daemon_reload();
    }
    ~Unit() {
        (void)run({"systemctl", "stop", name_}, seconds(30));
        fs::remove(path());
        (void)run({"systemctl", "daemon-reload"}, seconds(30));
        (void)run({"systemctl", "reset-failed", name_}, seconds(30));
    }
    Unit(const Unit&) = delete;
    Unit& operator=(const Unit&) = delete;
    [[nodiscard]] const std::string& name() const { return name_; }

  private:
    [[nodiscard]] fs::path path() const { return fs::path("/run/systemd/system") / name_; }
    Manager manager_;
    std::string name_;
};

/// systemd re-executes itself a little after now, beside the test.
std::jthread reexec_after(milliseconds delay) {
    return std::jthread([delay] {
        std::this_thread::sleep_for(delay);
        (void)run({"systemctl", "daemon-reexec"}, seconds(30));
    });
}

Transient program(std::vector<std::string> arguments) {
    Transient transient;
    transient.name = "test";
    transient.arguments = std::move(arguments);
    return transient;
}

} // namespace

TEST_CASE("a unit's state is systemd's, and an unknown one is told apart", "[.][machine]") {
    Manager manager;
    const UnitState unknown = manager.state("vectis-test-none.service");
    REQUIRE(unknown.load_state == "not-found");
    REQUIRE_FALSE(unknown.active());
    REQUIRE(error_of([&] { manager.act("vectis-test-none.service", Action::start, seconds(5)); }).code() ==
            Code::not_found);
    REQUIRE(error_of([&] { (void)manager.state("no unit"); }).code() == Code::invalid_input);

    const Unit unit("vectis-test-sleep.service", "ExecStart=/bin/sleep 1000\n");
    manager.act(unit.name(), Action::start, seconds(20));
    const UnitState up = manager.state(unit.name());
    REQUIRE(up.active());
    REQUIRE(up.main_pid != 0);
    REQUIRE(up.exec_start == std::vector<std::string>{"/bin/sleep", "1000"});
    REQUIRE(up.active_since.has_value());
    REQUIRE(now() - *up.active_since < seconds(60));

    manager.act(unit.name(), Action::restart, seconds(20));
    REQUIRE(manager.state(unit.name()).invocation_id != up.invocation_id);
    REQUIRE(error_of([&] { manager.act(unit.name(), Action::reload, seconds(20)); }).code() == Code::unit_failed);
    manager.act(unit.name(), Action::stop, seconds(20));
    REQUIRE(manager.state(unit.name()).active_state == "inactive");
}

TEST_CASE("a unit that dies at once or a moment later has not started", "[.][machine]") {
    Manager manager;
    for (const char* service : {"ExecStart=/bin/sh -c 'echo last words; exit 3'\n",
                                "ExecStart=/bin/sh -c 'sleep 0.1; echo last words; exit 3'\n",
                                "ExecStart=/bin/sh -c 'sleep 0.1; echo last words; exit 3'\nRestart=always\n"
                                "RestartSec=20ms\nStartLimitIntervalSec=0\n",
                                "Type=notify\nNotifyAccess=all\nExecStart=/bin/sh -c 'echo last words; exit 3'\n"}) {
        const Unit unit("vectis-test-dies.service", service);
        const Error error = error_of([&] { manager.act(unit.name(), Action::start, seconds(20)); });
        REQUIRE(error.code() == Code::unit_failed);
        REQUIRE(error.hint() == "journalctl -u vectis-test-dies.service");
    }
    // Its last words are in the error, once the journal has them.
    const Unit unit("vectis-test-dies.service", "ExecStart=/bin/sh -c 'echo last words; sleep 0.1; exit 3'\n");
    const Error error = error_of([&] { manager.act(unit.name(), Action::start, seconds(20)); });
    REQUIRE(error.text().find("last words") != std::string::npos);
    REQUIRE(error.text().find("status 3") != std::string::npos);
}

TEST_CASE("a limit ends the waiting", "[.][machine]") {
    const Unit unit("vectis-test-slow.service", "Type=oneshot\nExecStart=/bin/sleep 20\n");
    const auto started = std::chrono::steady_clock::now();
    REQUIRE(error_of([&] { Manager().act(unit.name(), Action::start, seconds(2)); }).code() == Code::unit_failed);
    REQUIRE(std::chrono::steady_clock::now() - started < seconds(5));
}

TEST_CASE("systemd may re-execute itself at any moment of an action", "[.][machine]") {
    // Newer versions keep their count of starts when they re-execute themselves.
    const Unit quick("vectis-test-quick.service", "ExecStart=/bin/sleep 1000\n[Unit]\nStartLimitIntervalSec=0\n");
    const Unit slow("vectis-test-slow.service",
                    "Type=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sleep 2\nExecReload=/bin/sleep 1\n");
    for (int i = 0; i < 10; ++i) {
        const auto reexec = reexec_after(milliseconds(15 * i));
        Manager manager;
        manager.act(quick.name(), Action::restart, seconds(30));
        REQUIRE(manager.state(quick.name()).active());
    }
    {
        Manager manager;
        const auto reexec = reexec_after(seconds(1));
        manager.act(slow.name(), Action::start, seconds(30));
        REQUIRE(manager.state(slow.name()).active());
    }
    {
        const auto reexec = reexec_after(milliseconds(500));
        Manager().act(slow.name(), Action::reload, seconds(30));
    }
    int told = 0;
    for (int i = 0; i < 10; ++i) {
        const auto reexec = reexec_after(milliseconds(15 * i));
        try {
            const Finished finished = Manager().run_transient(program({"/bin/sh", "-c", "echo once; exit 4"}));
            REQUIRE(finished.status == 4);
            REQUIRE(finished.out == "once\n");
            ++told;
        } catch (const Error& error) {
            // It may lose the status of a program that ends just then; a wrong one must never come of it.
            REQUIRE(error.code() == Code::unavailable);
        }
    }
    REQUIRE(told >= 5);
}

TEST_CASE("a program runs as a unit with arguments as they are", "[.][machine]") {
    Manager manager;
    const std::vector<std::string> words{"/usr/bin/printf", "%s|", "$HOME", "${PATH}", "%n", "$$",
                                         "a 'b' \"c\"",     "\\n", ""};
    REQUIRE(manager.run_transient(program(words)).out == "$HOME|${PATH}|%n|$$|a 'b' \"c\"|\\n||");

    const Finished failing = manager.run_transient(program({"/bin/sh", "-c", "echo out; echo err >&2; exit 7"}));
    REQUIRE(failing.status == 7);
    REQUIRE(failing.out == "out\n");
    REQUIRE(failing.err == "err\n");
    REQUIRE(manager.run_transient(program({"/bin/sh", "-c", "kill -9 $$"})).status == 128 + 9);
    REQUIRE(error_of([&] { (void)manager.run_transient(program({"/usr/bin/no-such"})); }).code() == Code::not_found);

    auto reader = program({"/bin/cat"});
    reader.input = "from stdin";
    REQUIRE(manager.run_transient(reader).out == "from stdin");

    auto endless = program({"/bin/sleep", "1000"});
    endless.limit = seconds(1);
    REQUIRE(error_of([&] { (void)manager.run_transient(endless); }).code() == Code::system);

    REQUIRE(run({"systemctl", "list-units", "--all", "--no-legend", "vectis-run-*"}, seconds(20)).out.empty());
}

TEST_CASE("a program sees what it is shown and may do nothing else", "[.][machine]") {
    Manager manager;
    const fs::path folder = "/run/vectis-test-binds";
    fs::create_directories(folder / "old");
    fs::create_directories(folder / "new");
    write_new_file(folder / "old/file", "old", {});
    write_new_file(folder / "new/file", "new", {});
    auto bound =
        program({"/bin/sh", "-c", "cat /run/vectis-test-binds/old/file; echo x > /run/vectis-test-binds/old/file"});
    bound.read_only_binds = {{folder / "new", folder / "old"}};
    const Finished seen = manager.run_transient(bound);
    REQUIRE(seen.out == "new");
    REQUIRE(seen.status != 0);
    REQUIRE(read_file(folder / "new/file") == "new");
    REQUIRE(read_file(folder / "old/file") == "old");
    fs::remove_all(folder);

    REQUIRE(manager.run_transient(program({"/bin/sh", "-c", "echo x > /etc/vectis-test"})).status != 0);
    REQUIRE_FALSE(fs::exists("/etc/vectis-test"));

    auto stranger = program({"/bin/sh", "-c", "id -u; cat $CREDENTIALS_DIRECTORY/word; env"});
    stranger.user = "vectis-test-user";
    stranger.dynamic_user = true;
    stranger.credentials["word"] = "very-secret";
    const Finished told = manager.run_transient(stranger);
    REQUIRE(std::stoul(told.out) >= 61184); // systemd's range of dynamic users
    REQUIRE(told.out.find("very-secret") != std::string::npos);
    REQUIRE(told.out.find("very-secret") == told.out.rfind("very-secret")); // once: not in the environment

    auto alone = program({"/bin/ls", "/sys/class/net"});
    alone.private_network = true;
    REQUIRE(manager.run_transient(alone).status == 0);

    auto impossible = program({"/bin/true"});
    impossible.read_only_binds = {{"/nonexistent", "/mnt"}};
    REQUIRE(error_of([&] { (void)manager.run_transient(impossible); }).code() == Code::system);
}

TEST_CASE("the journal's end is read and followed", "[.][machine]") {
    const Unit unit("vectis-test-talks.service", "Type=oneshot\nExecStart=/bin/echo hello there\n");
    const Time since = now() - milliseconds(1);
    std::stop_source stop;
    std::string heard;
    const std::jthread talker([&] { Manager().act(unit.name(), Action::start, seconds(20)); });
    read({unit.name()}, since, true, stop.get_token(), [&](const Entry& entry) {
        heard = entry.message;
        return heard != "hello there";
    });
    REQUIRE(heard == "hello there");
    bool found = false;
    for (const auto& entry : tail({unit.name()}, 20, since))
        found = found || entry.message == "hello there";
    REQUIRE(found);

    const std::jthread stopper([&] { stop.request_stop(); });
    read({"vectis-test-silent.service"}, now(), true, stop.get_token(), [](const Entry&) { return true; });
}

TEST_CASE("a unit's death is noticed at once", "[.][machine]") {
    const Unit unit("vectis-test-sleep.service", "ExecStart=/bin/sleep 1000\n");
    Manager manager;
    manager.act(unit.name(), Action::start, seconds(20));
    const auto pid = manager.state(unit.name()).main_pid;

    std::vector<std::string> seen;
    UnitWatch watch({unit.name()}, [&](const auto&, const UnitState& after) { seen.push_back(after.active_state); });
    const auto until_seen = [&](const std::string& state) {
        const auto deadline = std::chrono::steady_clock::now() + seconds(5);
        for (;;) {
            watch.dispatch();
            if (!seen.empty() && seen.back() == state)
                return true;
            if (std::chrono::steady_clock::now() > deadline)
                return false;
            auto waits = watch.descriptors();
            poll(waits.data(), waits.size(), 1000);
        }
    };
    REQUIRE(until_seen("active"));
    const auto killed = std::chrono::steady_clock::now();
    REQUIRE(run({"kill", "-9", std::to_string(pid)}, seconds(5)).status == 0);
    REQUIRE(until_seen("failed"));
    REQUIRE(std::chrono::steady_clock::now() - killed < seconds(1));

    REQUIRE(run({"systemctl", "daemon-reexec"}, seconds(30)).status == 0);
    REQUIRE(watch.start(unit.name()));
    REQUIRE(until_seen("active"));
}
