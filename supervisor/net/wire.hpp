// DNS record data, from the wire to what zone files say (RFC 1035 section 5.1). Pure; the bytes come from strangers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vectis::net {

/// RFC 1035, 2782, 3596, 6698, 8659.
enum class RecordType : std::uint16_t {
    a = 1,
    ns = 2,
    cname = 5,
    ptr = 12,
    mx = 15,
    txt = 16,
    aaaa = 28,
    srv = 33,
    dnskey = 48,
    tlsa = 52,
    caa = 257,
};

/// The value as a zone file says it, with names absolute, in lower case and without their last dot: "192.0.2.1", "10
/// mx.example.test", "0 issue \"ca.test\"". The strings of a TXT record are joined as SPF and DKIM join them (RFC 7208
/// section 3.3), raw. Nothing if the data is malformed or of a type that is not in RecordType.
[[nodiscard]] std::optional<std::string> record_value(RecordType type, std::string_view data);

/// The name under which the PTR record of an IP address is ("1.2.0.192.in-addr.arpa"), and under which a DNSBL is
/// asked: "1.2.0.192" and ".zone". Nothing if `address` is no IPv4 or IPv6 address.
[[nodiscard]] std::optional<std::string> reversed_name(const std::string& address);
[[nodiscard]] std::optional<std::string> reversed_labels(const std::string& address);

} // namespace vectis::net
