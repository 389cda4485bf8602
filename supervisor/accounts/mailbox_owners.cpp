#include "accounts/mailbox_owners.hpp"

#include "base/error.hpp"

#include <thread>

namespace vectis::accounts {

/// One of those who may be asking.
class MailboxOwners::Place {
  public:
    explicit Place(std::atomic<int>& taken) : taken_(taken) {
        if (++taken_ <= most_at_once)
            return;
        --taken_;
        throw Error(Code::unavailable, "too many people are logging in", "try again in a moment");
    }
    ~Place() { --taken_; }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

  private:
    std::atomic<int>& taken_;
};

std::optional<store::MailboxLogin> MailboxOwners::find(const std::string& id) {
    return directory_.read([&](store::Database& database) { return store::Accounts(database).mailbox_login(id); });
}

std::optional<store::MailboxLogin> MailboxOwners::named(const std::string& address) {
    return directory_.read(
        [&](store::Database& database) { return store::Accounts(database).mailbox_login_named(address); });
}

bool MailboxOwners::proves(const std::string& address, const std::string& password) {
    const Place place(asking_);
    const auto began = std::chrono::steady_clock::now();
    const bool good = judge_(address, password) == address;
    // Dovecot puts a refusal off, but from when it has looked: whether it had a hash to compare could be measured.
    if (!good)
        std::this_thread::sleep_until(began + refusal_);
    return good;
}

} // namespace vectis::accounts
