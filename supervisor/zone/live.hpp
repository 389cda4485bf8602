// What DNS has of the records to publish. Pure: who asks is elsewhere.
#pragma once

#include "net/dns.hpp"
#include "zone/records.hpp"

namespace vectis::zone {

enum class Verdict : std::uint8_t {
    published,
    missing,   // there is none
    different, // there is another
    unknown,   // DNS did not answer, or not credibly
};
[[nodiscard]] std::string_view text(Verdict verdict);

struct Checked {
    DnsRecord record;
    Verdict verdict = Verdict::unknown;
    std::vector<std::string> found; // what DNS has in its place
    bool secure = false;            // signed, from the root down
    std::string advice;             // what to do; empty if nothing is
};

/// What has to be asked, one for each record. A name that shall lead to the server (CNAME) is asked for its address: an
/// A record that leads there serves as well.
[[nodiscard]] std::vector<net::Question> questions(const std::vector<DnsRecord>& records);

/// `answers` as lookup_all(questions(records)) gave them. What people may choose for themselves counts as published: an
/// SPF record that lets others send as well (RFC 7208), any DMARC policy (RFC 7489), any place for TLS reports.
[[nodiscard]] std::vector<Checked> check(const std::vector<DnsRecord>& records,
                                         const std::vector<net::Answer>& answers);

/// All that mail needs is published.
[[nodiscard]] bool complete(const std::vector<Checked>& checked);

} // namespace vectis::zone
