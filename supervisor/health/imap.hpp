// As much of IMAP (RFC 3501, IDLE of RFC 2177, WITHIN of RFC 5032) as it takes to look for a message and to remove it.
#pragma once

#include "health/connection.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace vectis::health {

/// What a command was answered with.
struct ImapAnswer {
    std::string status;              // "OK ...", "NO ...", "BAD ..."
    std::vector<std::uint32_t> uids; // of SEARCH
    std::string literal;             // the last one

    [[nodiscard]] bool ok() const { return status.starts_with("OK"); }
};

/// Reads until the line that begins with `tag` (RFC 3501 section 2.2.2). Throws Error(unavailable).
[[nodiscard]] ImapAnswer read_answer(Incoming& in, const std::string& tag);

class Imap {
  public:
    /// Connects by TLS and reads the greeting.
    Imap(Peer peer, const std::string& name, Deadline deadline);

    /// Empty if the login succeeded, otherwise what the server said.
    [[nodiscard]] std::string login(const std::string& user, const std::string& password);
    void select(const std::string& folder);
    /// UIDs that match `criteria`: HEADER Message-ID "<...>".
    [[nodiscard]] std::vector<std::uint32_t> search(const std::string& criteria);
    /// The whole message as it lies there, without marking it as read.
    [[nodiscard]] std::string fetch(std::uint32_t uid);
    /// Removes these messages for good.
    void remove(const std::vector<std::uint32_t>& uids);
    /// Waits until the server speaks of something new in the folder, or until `until`; answers whether it did.
    bool wait_for_news(Deadline until);
    void logout();

    [[nodiscard]] const Connection& connection() const { return connection_; }

  private:
    [[nodiscard]] ImapAnswer command(const std::string& line);
    void must(const std::string& line);

    Connection connection_;
    unsigned number_ = 0;
};

} // namespace vectis::health
