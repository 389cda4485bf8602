// The tables domains, mailboxes and aliases of directory.db as the API shows and changes them. Reading needs no more
// than a database that may only be read; only the supervisor changes anything (store/directory).
#pragma once

#include "directory/account.hpp"
#include "store/database.hpp"
#include "store/page.hpp"

#include <optional>
#include <string>
#include <vector>

namespace vectis::store {

/// What is needed of a mailbox to let its owner in.
struct MailboxLogin {
    std::string id;
    std::string address;
    std::string password; // as it is stored: never shown
};

class Accounts {
  public:
    explicit Accounts(Database& database) : database_(database) {}

    [[nodiscard]] std::optional<directory::Domain> domain(const std::string& id);
    [[nodiscard]] std::optional<directory::Domain> domain_named(const std::string& name);
    [[nodiscard]] std::vector<directory::Domain> domains(const Page& page);
    [[nodiscard]] std::optional<directory::Mailbox> mailbox(const std::string& id);
    [[nodiscard]] std::vector<directory::Mailbox> mailboxes(const Page& page);
    /// Nothing where nobody may log in: it or its domain is suspended, it has no password, or it is Vectis's own.
    [[nodiscard]] std::optional<MailboxLogin> mailbox_login(const std::string& id);
    [[nodiscard]] std::optional<MailboxLogin> mailbox_login_named(const std::string& address);
    [[nodiscard]] std::optional<directory::Alias> alias(const std::string& id);
    [[nodiscard]] std::vector<directory::Alias> aliases(const Page& page);

    /// Those of one mailbox, by name.
    [[nodiscard]] std::vector<directory::AppPassword> app_passwords(const std::string& mailbox_id);
    [[nodiscard]] std::optional<directory::AppPassword> app_password(const std::string& id);

    /// A mailbox or an alias, whoever made it and whether it is active.
    [[nodiscard]] bool has_address(const std::string& address);
    /// Those of one domain, or of every one; sorted.
    [[nodiscard]] std::vector<directory::DkimKey> dkim_keys(const std::string& domain = {});
    /// Those that sign once DNS has them, sorted in the same way.
    [[nodiscard]] std::vector<directory::DkimKey> waiting_dkim_keys();

    /// Within a transaction. {"before": ..., "after": ...}, null where there was or is none. Throws Error(not_found),
    /// Error(conflict) and Error(managed_by_config).
    [[nodiscard]] Json change(const directory::AccountChange& change, const std::string& at);

  private:
    Database& database_;
};

} // namespace vectis::store
