// To how many recipients who may send in an hour. They are counted in the transaction of what is sent: what is refused
// counts for nobody, and a restart forgets nothing.
#pragma once

#include "base/clock.hpp"
#include "base/file.hpp"
#include "base/guarded.hpp"
#include "mail/policy_server.hpp"
#include "store/vectis.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace vectis::mail {

/// Recipients in an hour; 0 is unlimited.
struct Limits {
    std::int64_t mailbox = 0;
    std::int64_t key = 0;
    std::int64_t domain = 0;
    std::string probe; // whose mail proves that mail works: it is not counted
};

/// What limits.json in the configuration in force says (templates/api), read anew when it is another file. One that is
/// from before there were limits has none: an update does not keep mail back until the next apply. Any thread may ask.
class LimitsInForce {
  public:
    explicit LimitsInForce(fs::path file) : file_(std::move(file)) {}

    [[nodiscard]] Limits operator()();

  private:
    struct Read {
        fs::path at; // where it really was
        Limits limits;
    };

    fs::path file_;
    Guarded<Read> last_;
};

/// One of those for whom recipients are counted.
struct Sender {
    std::string kind;       // key, domain, mailbox
    std::string name;       // its id, the domain, the address
    std::string shown;      // "key shop", "mailbox anna@example.test"
    std::int64_t limit = 0; // 0: unlimited, and not counted
    std::int64_t recipients = 0;
};

struct AboveLimit {
    Sender sender;
    std::int64_t used = 0; // of the hour that has passed
    /// When as many are free again; nothing: they are more than the limit itself.
    std::optional<std::chrono::seconds> wait;
};

/// Counts the recipients of each sender, or, if those of one are too many, nobody's.
[[nodiscard]] std::optional<AboveLimit> count_recipients(store::Database& database, const std::vector<Sender>& senders,
                                                         Time now);

/// Removes what counts no longer; says how many rows.
std::int64_t forget_counted(store::Database& database, Time now);

/// What of the recipients counts for the domain that sends.
[[nodiscard]] Sender domain_sender(const std::string& domain, const Limits& limits, std::int64_t recipients);

/// "the mailbox anna@example.test may send to 100 recipients in an hour, ...", for people.
[[nodiscard]] std::string told(const AboveLimit& above);

/// What Postfix does with a message for which somebody has logged in, when it asks at DATA.
[[nodiscard]] std::string submission_action(store::Vectis& database, const Limits& limits,
                                            const PolicyServer::Attributes& asked, Time now);

} // namespace vectis::mail
