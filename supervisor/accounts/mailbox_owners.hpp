// The owners of mailboxes, who log in with its address and password: directory.db says whether anybody may, Dovecot
// judges the password, and the supervisor writes another one.
#pragma once

#include "store/directory.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace vectis::accounts {

/// Any thread may call it.
class MailboxOwners {
  public:
    /// The mailbox's address if user and password go together; Error(unavailable) if that cannot be told.
    using Judge = std::function<std::optional<std::string>(const std::string& user, const std::string& password)>;
    /// Puts a hash in force for an address, durably.
    using Set = std::function<void(const std::string& address, const std::string& hash)>;

    /// So many may be asking Dovecot: each keeps one of the threads that answer requests, for as long as a refusal
    /// takes.
    static constexpr int most_at_once = 16;

    /// `refusal`: what every "no" takes at least. Longer than Dovecot needs for one, it is the same for everybody.
    MailboxOwners(store::DirectoryReader& directory, Judge judge, Set set, std::chrono::milliseconds refusal) :
        directory_(directory), judge_(std::move(judge)), set_(std::move(set)), refusal_(refusal) {}

    /// See store::Accounts::mailbox_login.
    [[nodiscard]] std::optional<store::MailboxLogin> find(const std::string& id);
    [[nodiscard]] std::optional<store::MailboxLogin> named(const std::string& address);

    /// Whether Dovecot takes this password for this address. Throws Error(unavailable) if that cannot be told, or too
    /// many are asking.
    [[nodiscard]] bool proves(const std::string& address, const std::string& password);

    void set_password(const std::string& address, const std::string& hash) { set_(address, hash); }

  private:
    class Place;

    store::DirectoryReader& directory_;
    Judge judge_;
    Set set_;
    std::chrono::milliseconds refusal_;
    std::atomic<int> asking_ = 0;
};

} // namespace vectis::accounts
