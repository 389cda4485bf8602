// Asks DNS and says how far the answer can be trusted, through libunbound, which validates by itself. Used where the
// truth of DNS matters (preflight, records to publish, deliverability); not /etc/hosts, not the C library's resolver.
// One Resolver is used by one thread.
#pragma once

#include "base/file.hpp"
#include "net/wire.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace vectis::net {

enum class Status : std::uint8_t {
    found,        // there are values
    no_data,      // the name exists, without such a record
    no_such_name, // NXDOMAIN
    bogus,        // a signature is missing or wrong: do not believe it
    timed_out,    // nobody answered in time
    failed,       // the servers answered SERVFAIL or REFUSED
};

struct Question {
    std::string name;
    RecordType type;
};

struct Answer {
    Status status = Status::failed;
    bool secure = false;             // signed, from the root down; only ever true with a trust anchor
    std::vector<std::string> values; // as record_value() says them, sorted
    std::string why;                 // what went wrong, for people; empty if nothing did

    [[nodiscard]] bool found() const { return status == Status::found; }
};

struct ResolverOptions {
    bool use_system = true; // ask the servers in /etc/resolv.conf; false: the authoritative ones, from the root down
    std::vector<std::string> servers;            // ask these instead ("192.0.2.53" or "192.0.2.53@5353")
    fs::path anchor = "/usr/share/dns/root.key"; // package dns-root-data; empty: believe everything
    std::chrono::milliseconds limit{5000};       // for one lookup, or for one lookup_all() as a whole
};

class Resolver {
  public:
    /// Throws Error(unavailable) if libunbound cannot be set up (the anchor file is missing, for example).
    explicit Resolver(const ResolverOptions& options = {});
    ~Resolver();
    Resolver(Resolver&&) noexcept;
    Resolver& operator=(Resolver&&) noexcept;

    /// Never throws for what DNS says or does not say: that is in the answer.
    [[nodiscard]] Answer lookup(const std::string& name, RecordType type);
    /// All at once; the answers stand in the order of the questions.
    [[nodiscard]] std::vector<Answer> lookup_all(const std::vector<Question>& questions);

  private:
    struct Context;
    std::unique_ptr<Context> context_;
    std::chrono::milliseconds limit_;
};

} // namespace vectis::net
