// The table inbound_routes of directory.db: read by the API and by what takes mail for it, changed by the supervisor
// alone (store/accounts). Postfix reads it by templates/postfix/inbound*.cf.
#pragma once

#include "directory/inbound_route.hpp"
#include "store/page.hpp"

#include <optional>
#include <string>
#include <vector>

namespace vectis::store {

class InboundRoutes {
  public:
    explicit InboundRoutes(Database& database) : database_(database) {}

    [[nodiscard]] std::optional<directory::InboundRoute> find(const std::string& id);
    [[nodiscard]] std::optional<directory::InboundRoute> named(const std::string& name);
    [[nodiscard]] std::vector<directory::InboundRoute> page(const Page& page);
    /// A route whose events go to this webhook alone, if there is one.
    [[nodiscard]] std::optional<directory::InboundRoute> of_webhook(const std::string& webhook);

    /// An address as the envelope has it, without its sub-address, in the domain that has mailboxes (an alias domain
    /// repeats it).
    struct Asked {
        std::string local_part;
        std::string domain;
    };
    /// The route that takes mail for an address: that of the address, or that of its domain. Postfix has asked the same
    /// (templates/postfix/inbound.cf); whether a mailbox was there is its business, and is not asked once more.
    [[nodiscard]] std::optional<directory::InboundRoute> taking(const Asked& asked);
    /// The domain that has the addresses of this one; nothing if it is none that takes mail here.
    [[nodiscard]] std::optional<std::string> main_domain(const std::string& name);

    void add(const directory::NewInboundRoute& made, const std::string& at);
    /// Writes keep_copy, format, webhook and updated_at down.
    void update(const directory::InboundRoute& route);
    void remove(const std::string& id);

  private:
    Database& database_;
};

} // namespace vectis::store
