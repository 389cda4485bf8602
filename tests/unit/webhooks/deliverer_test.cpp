#include "base/clock.hpp"
#include "base/guarded.hpp"
#include "base/json.hpp"
#include "base/random.hpp"
#include "catch.hpp"
#include "folder.hpp"
#include "store/messages.hpp"
#include "store/vectis.hpp"
#include "webhooks/deliverer.hpp"
#include "webhooks/signature.hpp"

#include <nlohmann/json.hpp>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <atomic>
#include <thread>

using namespace vectis;
using namespace vectis::webhooks;

namespace {

/// In the courier's place, which needs the internet: a test says what each post comes to; nothing: it goes away.
class Courier {
  public:
    using Answer = std::function<std::optional<Outcome>(const Post&)>;

    Courier(const fs::path& socket, Answer answer) : answer_(std::move(answer)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::copy(socket.native().begin(), socket.native().end(), std::begin(address.sun_path));
        listening_ = UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        REQUIRE(bind(listening_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
        REQUIRE(listen(listening_.get(), 64) == 0);
        accepting_ = std::jthread([this] { accept_all(); });
    }
    ~Courier() {
        shutdown(listening_.get(), SHUT_RD);
        accepting_.join();
    }
    Courier(const Courier&) = delete;
    Courier& operator=(const Courier&) = delete;

    std::vector<Post> posts() {
        return posts_.with([](const std::vector<Post>& all) { return all; });
    }

  private:
    void accept_all() {
        std::vector<std::jthread> threads;
        for (;;) {
            UniqueFd fd(accept(listening_.get(), nullptr, nullptr));
            if (!fd)
                return;
            threads.emplace_back([this, own = std::move(fd)]() mutable {
                Lines lines(std::move(own));
                while (const auto line = lines.read()) {
                    const Post post = read_post(*line);
                    posts_.with([&](std::vector<Post>& all) { all.push_back(post); });
                    const auto outcome = answer_(post);
                    if (!outcome || !lines.write(to_line(*outcome)))
                        return;
                }
            });
        }
    }

    Answer answer_;
    UniqueFd listening_;
    Guarded<std::vector<Post>> posts_;
    std::jthread accepting_;
};

Outcome answered(int code, std::chrono::milliseconds took = std::chrono::milliseconds(1)) {
    Outcome outcome;
    outcome.code = code;
    outcome.took = took;
    return outcome;
}

struct Webhooks {
    test::Folder folder;
    store::Vectis database{folder.path / "vectis.db", fs::path(MIGRATIONS) / "vectis", ""};
    fs::path socket = folder.path / "courier.sock";

    std::string add(const std::string& url, const std::string& events = R"(["*"])",
                    const std::optional<std::string>& domain = std::nullopt) {
        const std::string at = rfc3339(now());
        store::Webhook webhook{.id = uuid7(), .domain = domain, .url = url, .events = events, .secret = new_secret()};
        webhook.created_at = webhook.updated_at = at;
        database.write([&](store::Database& own) {
            store::Webhooks(own).add(webhook);
            return 0;
        });
        return webhook.id;
    }
    void tell(const std::string& type, const std::string& message = "", const std::string& domain = "example.test") {
        database.write([&](store::Database& own) {
            store::Messages(own).add_event({.id = uuid7(),
                                            .at = rfc3339(now()),
                                            .type = type,
                                            .domain = domain,
                                            .message = message,
                                            .recipient = "zoe@outside.test",
                                            .data = R"({"code":"2.0.0"})"});
            return 0;
        });
    }
    store::Webhook find(const std::string& id) {
        return database.read([&](store::Database& own) { return store::Webhooks(own).find(id).value(); });
    }
    std::vector<store::WebhookDelivery> deliveries(const std::string& webhook) {
        return database.read([&](store::Database& own) {
            store::Page page;
            page.limit = 10'000;
            page.where = {{"webhook", webhook}};
            return store::Webhooks(own).deliveries(page);
        });
    }
    /// The one that tells this of a message. By their ids those of one millisecond have no order.
    store::WebhookDelivery telling(const std::string& webhook, const std::string& type, const std::string& message) {
        const auto rows = deliveries(webhook);
        const auto found = std::find_if(rows.begin(), rows.end(),
                                        [&](const auto& row) { return row.type == type && row.message == message; });
        REQUIRE(found != rows.end());
        return *found;
    }
    bool all(const std::string& webhook, const std::string& status) {
        const auto rows = deliveries(webhook);
        return std::all_of(rows.begin(), rows.end(), [&](const auto& row) { return row.status == status; });
    }
    /// Puts what waits for its next attempt into the past.
    void pass_time() {
        database.write([](store::Database& own) {
            own.execute("update webhook_deliveries set due_at = '2026-01-01T00:00:00.000Z' where status = 'pending'");
            return 0;
        });
    }
};

void wait_for(const std::function<bool()>& reached) {
    for (int i = 0; i < 6000 && !reached(); ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    REQUIRE(reached());
}

/// Delivers while it lives.
struct Running {
    static constexpr std::size_t count = 8;
    Deliverer deliverer;
    std::vector<std::jthread> threads;

    explicit Running(
        Webhooks& webhooks, Deliverer::Log log = [](const std::string&) {}) :
        deliverer(webhooks.database, webhooks.socket, count, std::move(log)) {
        webhooks.database.when_changed([this] { deliverer.wake(); });
        for (std::size_t i = 0; i < count; ++i)
            threads.emplace_back([this](const std::stop_token& stop) { deliverer.run(stop); });
    }
};

std::string header(const Post& post, const std::string& name) {
    for (const auto& [key, value] : post.headers) {
        if (key == name)
            return value;
    }
    return "";
}

} // namespace

TEST_CASE("an event is delivered to each webhook that wants it, signed") {
    Webhooks webhooks;
    Courier courier(webhooks.socket, [](const Post&) { return answered(204); });
    const auto all = webhooks.add("https://a.test/");
    const auto bounces = webhooks.add("https://b.test/", R"(["message.bounced"])");
    const auto own = webhooks.add("https://c.test/", R"(["*"])", "example.test");
    const auto others = webhooks.add("https://d.test/", R"(["*"])", "other.test");
    Running running(webhooks);
    webhooks.tell("message.sent", "m1");
    wait_for([&] { return webhooks.all(all, "delivered") && webhooks.all(own, "delivered"); });
    CHECK(webhooks.deliveries(all).size() == 1);
    CHECK(webhooks.deliveries(bounces).empty());
    CHECK(webhooks.deliveries(others).empty());
    const auto posts = courier.posts();
    REQUIRE(posts.size() == 2);
    for (const auto& post : posts) {
        const Json body = parse_json(post.body);
        CHECK(body["type"] == "message.sent");
        CHECK(body["version"] == "1");
        CHECK(body["data"]["code"] == "2.0.0");
        CHECK(body["data"]["id"] == "m1");
        CHECK(body["data"]["recipient"] == "zoe@outside.test");
        CHECK(body["id"].get<std::string>() == header(post, "webhook-id"));
        const auto secret = webhooks.find(post.url == "https://a.test/" ? all : own).secret;
        const Time at{std::chrono::seconds(std::stoll(header(post, "webhook-timestamp")))};
        CHECK(header(post, "webhook-signature") == signature(header(post, "webhook-id"), at, post.body, {secret}));
    }
    CHECK(webhooks.find(all).delivered_at.has_value());
}

TEST_CASE("what failed comes again, and in the end is dead and disables a webhook that took nothing") {
    Webhooks webhooks;
    std::atomic<int> code = 500;
    Courier courier(webhooks.socket, [&](const Post&) { return answered(code); });
    const auto hook = webhooks.add("https://a.test/");
    const auto watching = webhooks.add("https://b.test/", R"(["webhook.disabled"])");
    Running running(webhooks);
    webhooks.tell("message.sent", "m1");
    for (int attempt = 1; attempt < 10; ++attempt) {
        wait_for([&] { return webhooks.deliveries(hook)[0].attempts == attempt; });
        CHECK(webhooks.deliveries(hook)[0].status == "pending");
        webhooks.pass_time();
    }
    wait_for([&] { return !webhooks.find(hook).enabled; });
    CHECK(webhooks.all(hook, "dead"));
    CHECK(webhooks.find(hook).disabled_because.value_or("").find("10 attempts") != std::string::npos);
    // Another that wants to know is told; this receiver answers 500 to it as well.
    wait_for(
        [&] { return webhooks.deliveries(watching).size() == 1 && webhooks.deliveries(watching)[0].attempts == 1; });
    CHECK(webhooks.deliveries(watching)[0].type == "webhook.disabled");
    CHECK(webhooks.deliveries(watching)[0].code == 500);
    const auto dead = webhooks.deliveries(hook)[0].id;
    const auto log = webhooks.database.read([&](store::Database& own) { return store::Webhooks(own).attempts(dead); });
    CHECK(log.size() == 10);
    // What happens meanwhile is not delivered, but can be asked for.
    webhooks.tell("message.delivered", "m1");
    CHECK(webhooks.deliveries(hook).size() == 1);
    code = 200;
    webhooks.database.write([&](store::Database& own) {
        store::Webhooks table(own);
        auto row = table.find(hook).value();
        row.enabled = true;
        table.update(row);
        return table.replay_range(row, "2026-01-01T00:00:00.000Z", "2126-01-01T00:00:00.000Z", rfc3339(now()));
    });
    wait_for([&] { return webhooks.deliveries(hook).size() == 3 && webhooks.all(hook, "delivered"); });
}

TEST_CASE("410 disables a webhook at once") {
    Webhooks webhooks;
    Courier courier(webhooks.socket, [](const Post&) { return answered(410); });
    const auto hook = webhooks.add("https://a.test/");
    Running running(webhooks);
    webhooks.tell("message.sent", "m1");
    wait_for([&] { return !webhooks.find(hook).enabled; });
    CHECK(webhooks.all(hook, "dead"));
    CHECK(webhooks.find(hook).disabled_because.value_or("").find("410") != std::string::npos);
}

TEST_CASE("events of one message are told in order, those of another do not wait for them") {
    Webhooks webhooks;
    std::atomic<bool> broken = true;
    Courier courier(webhooks.socket, [&](const Post& post) {
        return answered(broken && parse_json(post.body)["data"]["id"] == "m1" ? 503 : 200);
    });
    const auto hook = webhooks.add("https://a.test/");
    Running running(webhooks);
    webhooks.tell("message.queued", "m1");
    webhooks.tell("message.sent", "m1");
    webhooks.tell("message.queued", "m2");
    wait_for([&] { return webhooks.telling(hook, "message.queued", "m2").status == "delivered"; });
    CHECK(webhooks.telling(hook, "message.sent", "m1").attempts == 0);
    broken = false;
    webhooks.pass_time();
    wait_for([&] { return webhooks.all(hook, "delivered"); });
    std::vector<std::string> told;
    for (const auto& post : courier.posts()) {
        if (const Json body = parse_json(post.body); body["data"]["id"] == "m1")
            told.push_back(body["type"]);
    }
    CHECK(told.back() == "message.sent");
    CHECK(std::count(told.begin(), told.end(), "message.sent") == 1);
}

TEST_CASE("what waits for another delivery of its message is due with it, and at once when that has arrived") {
    Webhooks webhooks;
    const auto hook = webhooks.add("https://a.test/");
    webhooks.tell("message.queued", "m1");
    webhooks.tell("message.sent", "m1");
    webhooks.tell("message.queued", "m2");
    const auto note = [&](const std::string& status, int attempts, const std::string& due_at) {
        auto first = webhooks.telling(hook, "message.queued", "m1");
        first.status = status;
        first.attempts = attempts;
        first.due_at = due_at;
        webhooks.database.write([&](store::Database& own) {
            store::Webhooks(own).note(first, {.at = "2026-11-27T12:00:00.000Z",
                                              .code = 500,
                                              .fault = std::nullopt,
                                              .detail = "",
                                              .milliseconds = 1});
            return 0;
        });
        return webhooks.telling(hook, "message.sent", "m1").due_at;
    };
    const std::string at_first = webhooks.telling(hook, "message.queued", "m2").due_at;
    CHECK(note("pending", 1, "2126-01-01T00:00:00.000Z") == "2126-01-01T00:00:00.000Z");
    CHECK(note("pending", 2, "2126-01-02T00:00:00.000Z") == "2126-01-02T00:00:00.000Z");
    CHECK(note("pending", 3, "2126-01-03T00:00:00.000Z") == "2026-11-27T12:00:00.000Z"); // it waits no longer
    note("pending", 1, "2126-01-04T00:00:00.000Z");
    CHECK(note("delivered", 2, "2126-01-04T00:00:00.000Z") == "2026-11-27T12:00:00.000Z");
    CHECK(webhooks.telling(hook, "message.queued", "m2").due_at == at_first);
}

TEST_CASE("a receiver that answers nobody keeps no other waiting") {
    Webhooks webhooks;
    Guarded<bool> over(false);
    Courier courier(webhooks.socket, [&](const Post& post) {
        if (post.url != "https://quick.test/")
            over.when([](bool now) { return now; }, [](bool) {});
        return answered(200);
    });
    const auto quick = webhooks.add("https://quick.test/");
    Running running(webhooks);
    webhooks.tell("message.sent", "m");
    wait_for([&] { return webhooks.all(quick, "delivered"); });
    std::vector<std::string> silent;
    for (int i = 0; i < 20; ++i)
        silent.push_back(webhooks.add("https://silent" + std::to_string(i) + ".test/"));
    for (int i = 0; i < 50; ++i)
        webhooks.tell("message.sent", "m" + std::to_string(i));
    wait_for([&] { return webhooks.deliveries(quick).size() == 51 && webhooks.all(quick, "delivered"); });
    for (const auto& hook : silent)
        CHECK(webhooks.all(hook, "pending"));
    over.with([](bool& now) { now = true; });
    over.notify();
    wait_for([&] {
        return std::all_of(silent.begin(), silent.end(),
                           [&](const auto& hook) { return webhooks.all(hook, "delivered"); });
    });
}

TEST_CASE("while the courier is away, or goes away, nothing is lost and no attempt is counted") {
    Webhooks webhooks;
    const auto hook = webhooks.add("https://a.test/");
    std::atomic<int> asked = 0;
    std::optional<Courier> courier; // outlives its clients, whose connections it waits for
    std::atomic<int> waits = 0;
    Running running(webhooks, [&](const std::string&) { ++waits; });
    webhooks.tell("message.sent", "m1");
    wait_for([&] { return waits > 0; });
    CHECK(webhooks.deliveries(hook)[0].attempts == 0);
    courier.emplace(webhooks.socket, [&](const Post&) -> std::optional<Outcome> {
        if (asked++ == 0)
            return std::nullopt;
        return answered(200);
    });
    wait_for([&] { return webhooks.all(hook, "delivered"); });
    CHECK(webhooks.deliveries(hook)[0].attempts == 1);
    CHECK(courier->posts().size() == 2);
    CHECK(header(courier->posts()[0], "webhook-id") == header(courier->posts()[1], "webhook-id"));
}

TEST_CASE("two secrets sign while one takes the place of the other") {
    Webhooks webhooks;
    Courier courier(webhooks.socket, [](const Post&) { return answered(200); });
    const auto hook = webhooks.add("https://a.test/");
    webhooks.database.write([&](store::Database& own) {
        store::Webhooks table(own);
        auto row = table.find(hook).value();
        row.old_secret = std::exchange(row.secret, new_secret());
        row.old_secret_until = rfc3339(now() + std::chrono::hours(1));
        table.update(row);
        return 0;
    });
    Running running(webhooks);
    webhooks.tell("message.sent", "m1");
    wait_for([&] { return webhooks.all(hook, "delivered"); });
    webhooks.database.write([&](store::Database& own) {
        store::Webhooks table(own);
        auto row = table.find(hook).value();
        row.old_secret_until = rfc3339(now() - std::chrono::hours(1));
        table.update(row);
        return 0;
    });
    webhooks.tell("message.delivered", "m1");
    wait_for([&] { return webhooks.deliveries(hook).size() == 2 && webhooks.all(hook, "delivered"); });
    const auto signatures = [&](std::size_t i) {
        const auto text = header(courier.posts().at(i), "webhook-signature");
        return std::count(text.begin(), text.end(), ' ') + 1;
    };
    CHECK(signatures(0) == 2);
    CHECK(signatures(1) == 1);
}
