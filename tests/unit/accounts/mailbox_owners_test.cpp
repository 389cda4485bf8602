#include "accounts/mailbox_owners.hpp"
#include "base/error.hpp"
#include "catch.hpp"
#include "folder.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

using namespace vectis;
using accounts::MailboxOwners;
using std::chrono::milliseconds;
using vectis::test::Folder;

TEST_CASE("a refusal takes as long for everybody, and a good password no longer than it does") {
    const Folder folder;
    store::DirectoryReader directory(folder.path);
    // Dovecot compares a hash only where there is one.
    MailboxOwners owners(
        directory,
        [](const std::string& user, const std::string& password) -> std::optional<std::string> {
            std::this_thread::sleep_for(milliseconds(user == "anna@example.test" ? 60 : 0));
            return password == "right" ? std::optional(user) : std::nullopt;
        },
        {}, milliseconds(200));
    const auto took = [&](const std::string& user, const std::string& password, bool good) {
        const auto began = std::chrono::steady_clock::now();
        CHECK(owners.proves(user, password) == good);
        return std::chrono::steady_clock::now() - began;
    };
    CHECK(took("anna@example.test", "wrong", false) >= milliseconds(200));
    CHECK(took("nobody@example.test", "wrong", false) >= milliseconds(200));
    CHECK(took("nobody@example.test", "right", true) < milliseconds(200));
}

TEST_CASE("whom Dovecot takes for somebody else has proved nothing") {
    const Folder folder;
    store::DirectoryReader directory(folder.path);
    MailboxOwners owners(
        directory,
        [](const std::string&, const std::string&) { return std::optional<std::string>("eve@example.test"); }, {},
        milliseconds(0));
    CHECK_FALSE(owners.proves("anna@example.test", "right"));
    CHECK(owners.proves("eve@example.test", "right"));
}

TEST_CASE("so many may be asking Dovecot at once, and whoever comes next is told so") {
    const Folder folder;
    store::DirectoryReader directory(folder.path);
    std::mutex mutex;
    std::condition_variable changed;
    int asking = 0;
    bool answer = false;
    MailboxOwners owners(
        directory,
        [&](const std::string& user, const std::string&) -> std::optional<std::string> {
            std::unique_lock lock(mutex);
            ++asking;
            changed.notify_all();
            changed.wait(lock, [&] { return answer; });
            return user;
        },
        {}, milliseconds(0));
    {
        std::vector<std::jthread> people;
        for (int i = 0; i < MailboxOwners::most_at_once; ++i)
            people.emplace_back([&] { static_cast<void>(owners.proves("anna@example.test", "right")); });
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return asking == MailboxOwners::most_at_once; });
        lock.unlock();
        try {
            static_cast<void>(owners.proves("anna@example.test", "right"));
            FAIL("one more asked");
        } catch (const Error& error) {
            CHECK(error.code() == Code::unavailable);
        }
        lock.lock();
        answer = true;
        changed.notify_all();
    }
    CHECK(owners.proves("anna@example.test", "right"));
}
