// The D-Bus service and its client over a real dbus-daemon of the test's own.
#include "base/error.hpp"
#include "base/file.hpp"
#include "base/unique_fd.hpp"
#include "catch.hpp"
#include "systemd/client.hpp"
#include "systemd/manager.hpp"
#include "systemd/service.hpp"
#include "thrown.hpp"

#include <nlohmann/json.hpp>
#include <sys/eventfd.h>
#include <sys/wait.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <future>
#include <latch>
#include <map>
#include <spawn.h>
#include <thread>

using namespace vectis;
using namespace vectis::systemd;
using vectis::test::error_of;

extern char** environ;

namespace {

/// A bus that lets everybody talk to everybody, so that only the service's own check stands in the way.
class PrivateBus {
  public:
    PrivateBus() {
        std::string pattern = "/tmp/vectis-bus-XXXXXX";
        folder_ = mkdtemp(pattern.data());
        fs::permissions(folder_, fs::perms::all);
        const std::string address = "unix:path=" + (folder_ / "socket").string();
        write_new_file(
            folder_ / "bus.conf",
            "<busconfig><type>session</type><listen>" + address +
                "</listen><auth>EXTERNAL</auth><policy context=\"default\"><allow user=\"*\"/><allow "
                "own=\"*\"/><allow send_destination=\"*\"/><allow receive_sender=\"*\"/></policy></busconfig>",
            {});
        std::array<int, 2> ends{};
        REQUIRE(pipe(ends.data()) == 0);
        const UniqueFd read(ends[0]);
        UniqueFd write(ends[1]);
        std::string config = "--config-file=" + (folder_ / "bus.conf").string();
        std::string print = "--print-address=" + std::to_string(write.get());
        std::string program = "dbus-daemon";
        std::string nofork = "--nofork";
        std::array<char*, 5> argv{program.data(), config.data(), print.data(), nofork.data(), nullptr};
        // Where it may not raise its limit of open files it says so at each start.
        posix_spawn_file_actions_t quiet{};
        posix_spawn_file_actions_init(&quiet);
        posix_spawn_file_actions_addopen(&quiet, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
        const int spawned = posix_spawnp(&pid_, "dbus-daemon", &quiet, nullptr, argv.data(), environ);
        posix_spawn_file_actions_destroy(&quiet);
        REQUIRE(spawned == 0);
        write.reset();
        char byte = 0;
        REQUIRE(::read(read.get(), &byte, 1) == 1); // it prints its address when it listens
        setenv("DBUS_SYSTEM_BUS_ADDRESS", address.c_str(), 1);
        std::signal(SIGPIPE, SIG_IGN);
    }
    ~PrivateBus() {
        unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
        kill(pid_, SIGTERM);
        waitpid(pid_, nullptr, 0);
        fs::remove_all(folder_);
    }
    PrivateBus(const PrivateBus&) = delete;
    PrivateBus& operator=(const PrivateBus&) = delete;

  private:
    pid_t pid_ = 0;
    fs::path folder_;
};

class Methods : public SupervisorMethods {
  public:
    std::string plan() override { return std::string(3U << 20U, 'p'); }
    Json apply(const std::string& plan_id, const Progress& progress) override {
        if (plan_id == "stale")
            throw Error(Code::stale, "cannot apply: the plan is stale", "vectis plan", {{{}, "a", "b", "c"}});
        for (int step = 0; step < 3; ++step) {
            Json event = Json::object();
            event["event"] = "step";
            event["number"] = step;
            progress(event);
        }
        Json done = Json::object();
        done["generation"] = 7;
        return done;
    }
    Json rollback(std::uint32_t generation, const Progress& progress) override {
        // More than any pipe holds, for a reader who does not read.
        Json event = Json::object();
        event["event"] = "noise";
        event["text"] = std::string(100'000, 'x');
        for (int i = 0; i < 100; ++i)
            progress(event);
        rolled_back.set_value(generation);
        return nullptr;
    }
    std::string generations() override { throw std::runtime_error("not an Error"); }
    std::string status() override {
        running.count_down();
        release.wait();
        return "{}";
    }
    Json health(HealthSet set, const Progress&) override {
        Json done = Json::object();
        done["all"] = set == HealthSet::all;
        return done;
    }
    std::string figures() override { return "{}"; }
    std::string logs(const std::string& service, Time since, std::uint32_t most) override {
        return service + " " + rfc3339(since) + " " + std::to_string(most);
    }
    std::string mailbox_use(const std::string&) override { return "{}"; }
    std::string sieve_scripts(const std::string& address) override { return address; }
    std::string sieve_script(const std::string& address, const std::string& name) override { return address + name; }
    void put_sieve_script(const std::string& address, const std::string& name, const std::string& script) override {
        acted = address + " " + name + " " + script;
    }
    void act_on_sieve_script(const std::string& address, const std::string& name, SieveAction action) override {
        acted = address + " " + name + " " + std::string(text(action));
    }
    std::string acted;
    void restart(const std::string& service) override { restarted = service; }
    std::string queue() override { return "[]"; }
    void act_on_queue(const std::string& id, QueueAction action) override {
        acted = std::string(text(action)) + " " + id;
    }
    std::string deploy_certificates() override { return "{}"; }
    void set_password(const std::string& address, const std::string& hash) override { passwords[address] = hash; }
    std::string change_account(const std::string& id, const std::string& change) override { return id + change; }
    std::string dns_records(const std::string& domain, const std::vector<std::string>& published) override {
        return domain + std::to_string(published.size());
    }
    std::string export_yaml() override { return {}; }
    std::string version() override { return "1"; }

    std::string restarted;
    std::map<std::string, std::string> passwords;
    std::promise<std::uint32_t> rolled_back;
    std::latch running{8};
    std::latch release{1};
};

/// The supervisor's loop on a thread, as run() has it.
class Serving {
  public:
    explicit Serving(SupervisorMethods& methods) :
        service_(methods), stop_(eventfd(0, 0)), thread_([this] { loop(); }) {}
    ~Serving() { eventfd_write(stop_.get(), 1); }
    Serving(const Serving&) = delete;
    Serving& operator=(const Serving&) = delete;

  private:
    void loop() {
        for (;;) {
            service_.dispatch();
            auto waits = service_.descriptors();
            waits.push_back({stop_.get(), POLLIN, 0});
            const auto patience = service_.patience();
            poll(waits.data(), waits.size(), patience ? static_cast<int>(patience->count()) : -1);
            if (waits.back().revents != 0)
                return;
        }
    }

    SupervisorService service_;
    UniqueFd stop_;
    std::jthread thread_;
};

/// Runs `work` in a process of user `nobody`; its exit status.
template<typename Work>
int as_nobody(Work&& work) {
    const pid_t pid = fork();
    if (pid == 0) {
        if (setgid(65534) != 0 || setuid(65534) != 0)
            _exit(99);
        _exit(work());
    }
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}

} // namespace

TEST_CASE("the supervisor's methods are reached over the bus", "[bus]") {
    if (geteuid() != 0) {
        WARN("needs root: only root and vectis may call");
        return;
    }
    const PrivateBus bus;
    Methods methods;
    const Serving serving(methods);
    SupervisorClient client;

    SECTION("answers cross whole, large ones too") {
        REQUIRE(client.version() == "1");
        REQUIRE(client.plan().size() == 3U << 20U);
        REQUIRE(client.export_yaml().empty());
        client.restart("dovecot");
        REQUIRE(methods.restarted == "dovecot");
        REQUIRE(client.health(HealthSet::all, [](const Json&) {})["all"] == true);
    }

    SECTION("events come in order and the last one is the result") {
        std::vector<std::string> events;
        const Json done = client.apply("0123abc", [&](const Json& event) { events.push_back(to_text(event)); });
        REQUIRE(events.size() == 4);
        REQUIRE(events[1] == R"({"event":"step","number":1})");
        REQUIRE(done["generation"] == 7);
    }

    SECTION("an error is thrown to the caller as it was thrown there") {
        const Error stale = error_of([&] { client.apply("stale", [](const Json&) {}); });
        REQUIRE(stale.code() == Code::stale);
        REQUIRE(stale.hint() == "vectis plan");
        REQUIRE(stale.problems().size() == 1);
        REQUIRE(error_of([&] { (void)client.generations(); }).code() == Code::internal);
    }

    SECTION("names and ids that are none are refused before anything runs") {
        REQUIRE(error_of([&] { client.restart("../../etc/shadow"); }).code() == Code::not_found);
        REQUIRE(error_of([&] { client.restart("dovecott"); }).hint().find("dovecot") != std::string::npos);
        for (const char* id : {"", "/etc/passwd", "a b", "A", "x\n"})
            REQUIRE(error_of([&] { client.apply(id, [](const Json&) {}); }).code() == Code::invalid_input);
        REQUIRE(methods.restarted.empty());
    }

    SECTION("a reader who leaves or does not read does not stop the work") {
        std::thread reader([] {
            SupervisorClient impatient;
            try {
                impatient.rollback(3, [](const Json&) { throw Error(Code::internal, "gone"); });
            } catch (const Error&) {
                return;
            }
        });
        reader.join();
        REQUIRE(methods.rolled_back.get_future().get() == 3);
    }

    SECTION("too many calls at once are refused in words, and one more works afterwards") {
        std::vector<std::jthread> callers;
        for (int i = 0; i < 8; ++i)
            callers.emplace_back([] { (void)SupervisorClient().status(); });
        methods.running.wait();
        REQUIRE(error_of([&] { (void)client.version(); }).code() == Code::busy);
        methods.release.count_down();
        callers.clear();
        REQUIRE(client.version() == "1");
    }

    SECTION("a user who is neither root nor vectis is denied") {
        REQUIRE(as_nobody([] {
                    try {
                        (void)SupervisorClient().version();
                    } catch (const Error& error) {
                        return error.code() == Code::denied ? 7 : 8;
                    }
                    return 0;
                }) == 7);
    }

    SECTION("a password crosses as a hash for an address, and nothing else does") {
        const std::string hash = "{ARGON2ID}$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaC+/";
        client.set_password("Alice@example.test", hash);
        REQUIRE(methods.passwords == std::map<std::string, std::string>{{"alice@example.test", hash}});
        for (const auto* bad : {"", "secret", "{PLAIN}secret", "{ARGON2ID}$argon2id$a b", "{ARGON2ID}$argon2id$a\nb"})
            REQUIRE(error_of([&] { client.set_password("alice@example.test", bad); }).code() == Code::invalid_input);
        REQUIRE(error_of([&] { client.set_password("alice@example.test", hash + std::string(300, 'a')); }).code() ==
                Code::invalid_input);
        REQUIRE(error_of([&] { client.set_password("a\nb@example.test", hash); }).code() == Code::invalid_input);
        REQUIRE(methods.passwords.size() == 1);
    }

    SECTION("messages are acted on by ids that are some") {
        REQUIRE(client.queue() == "[]");
        client.act_on_queue("4gFw2xPqz9z1", "hold");
        REQUIRE(methods.acted == "hold 4gFw2xPqz9z1");
        for (const auto* bad : {"ALL", "-", "", "-d", "4gFw2xPqz9z1 deferred", "../../x"})
            REQUIRE(error_of([&] { client.act_on_queue(bad, "remove"); }).code() == Code::invalid_input);
        REQUIRE(error_of([&] { client.act_on_queue("4gFw2xPqz9z1", "requeue"); }).code() == Code::invalid_input);
        REQUIRE(methods.acted == "hold 4gFw2xPqz9z1");
    }

    SECTION("logs are asked for by service, time and number") {
        REQUIRE(client.logs("postfix", parse_rfc3339("2026-11-24T10:00:00.123Z"), 7) ==
                "postfix 2026-11-24T10:00:00.123Z 7");
        REQUIRE(error_of([&] { (void)client.logs("postfix", Time(), 1001); }).code() == Code::invalid_input);
        REQUIRE(client.figures() == "{}");
    }

    SECTION("Sieve scripts have names that are no paths") {
        client.put_sieve_script("Anna@example.test", "my script", "keep;\n");
        REQUIRE(methods.acted == "anna@example.test my script keep;\n");
        REQUIRE(client.sieve_script("anna@example.test", "my script") == "anna@example.testmy script");
        REQUIRE(client.sieve_scripts("anna@example.test") == "anna@example.test");
        for (const auto* bad : {"", "../x", "a\nb", "a/b"}) {
            REQUIRE(error_of([&] { client.put_sieve_script("anna@example.test", bad, "keep;"); }).code() ==
                    Code::invalid_input);
            REQUIRE(error_of([&] { client.act_on_sieve_script("anna@example.test", bad, "remove"); }).code() ==
                    Code::invalid_input);
        }
        REQUIRE(error_of([&] { client.put_sieve_script("anna@example.test", "x", ""); }).code() == Code::invalid_input);
        REQUIRE(error_of([&] { client.act_on_sieve_script("anna@example.test", "x", "hide"); }).code() ==
                Code::invalid_input);
        REQUIRE(methods.acted == "anna@example.test my script keep;\n");
    }

    SECTION("a second supervisor is refused") {
        REQUIRE(error_of([&] { const SupervisorService second(methods); }).code() == Code::conflict);
    }
}

TEST_CASE("a missing supervisor and a missing bus are named", "[bus]") {
    {
        const PrivateBus bus;
        REQUIRE(error_of([] { (void)SupervisorClient().version(); }).code() == Code::unavailable);
    }
    setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus", 1);
    const Error error = error_of([] { (void)SupervisorClient().version(); });
    REQUIRE(error.code() == Code::unavailable);
    REQUIRE(error.hint() == "systemctl status dbus vectis-supervisor");
    REQUIRE(error_of([] { (void)Manager().state("dovecot.service"); }).code() == Code::unavailable);
    unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
}
