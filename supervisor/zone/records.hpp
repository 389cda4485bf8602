// The DNS records that an administrator has to publish, exactly. Pure, but for reading the keys.
#pragma once

#include "base/file.hpp"
#include "base/json.hpp"
#include "config/model.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace vectis::zone {

struct DkimRecord {
    std::string domain;
    std::string selector;
    std::string value; // "v=DKIM1; k=rsa; p=..."
};

/// One record. Names are absolute and without their last dot; `value` is as a DNS panel wants it: a text whole and
/// without quotes, other data as in a zone file with names ending in a dot.
struct DnsRecord {
    std::string zone; // the domain it belongs to, for grouping
    std::string name;
    std::string type;
    std::string value;
    std::string purpose;    // for people
    bool elsewhere = false; // PTR: published by whoever gives the address, not in the domain's zone
    bool optional = false;  // mail works without it

    /// As a line of a zone file: texts quoted and split at 255 bytes (RFC 1035 section 3.3.14).
    [[nodiscard]] std::string zone_line() const;
};

/// What config.yaml does not say.
struct Facts {
    std::vector<std::string> addresses;   // the public ones, without those whose family config.yaml turns off
    std::vector<DkimRecord> dkim;         // of every domain
    std::vector<std::string> api_domains; // that the API made, and the alias domains among them
    std::string key_digest;               // SHA-256 of the certificate's public key, in hexadecimal; empty: none yet
};

/// For the hostname: its addresses, their PTR, an SPF record for what the server sends in its own name (RFC 7208
/// section 2.3), and TLSA for its port 25. For each domain and alias domain: MX, SPF, DKIM, DMARC, what mail programs
/// look for, MTA-STS. nginx answers to names of config.yaml's domains alone, so those of the API have no records that
/// lead there.
[[nodiscard]] std::vector<DnsRecord> dns_records(const config::Config& config, const Facts& facts);

/// Addresses under which the world reaches the server: those that config.yaml lists, otherwise, for IPv4 and for IPv6,
/// the interfaces' public ones or (behind NAT) those that DNS already has in `published`.
[[nodiscard]] std::vector<std::string> public_addresses(const config::Config& config,
                                                        const std::vector<std::string>& host,
                                                        const std::vector<std::string>& published);

/// A domain and selector whose key signs mail.
struct KeyName {
    std::string domain;
    std::string selector;
};
/// The records of the key files below `folder`; a key that is not there yet is left out.
[[nodiscard]] std::vector<DkimRecord> read_dkim_records(const fs::path& folder, const std::vector<KeyName>& keys);

/// A table for people, by domain; below it the same as lines of a zone file.
[[nodiscard]] std::string dns_records_text(const std::vector<DnsRecord>& records);
/// {"zone", "name", "type", "value", "zone_line", "purpose", "elsewhere", "optional"}
[[nodiscard]] Json to_json(const DnsRecord& record);
[[nodiscard]] DnsRecord dns_record(const Json& json);
/// {"records": [...]}
[[nodiscard]] std::string dns_records_json(const std::vector<DnsRecord>& records);

} // namespace vectis::zone
