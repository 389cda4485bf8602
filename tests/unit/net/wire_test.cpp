#include "catch.hpp"
#include "net/wire.hpp"

#include <string>

using namespace std::string_literals;
using namespace vectis::net;

TEST_CASE("record data reads as a zone file says it") {
    CHECK(record_value(RecordType::a, "\xC0\x00\x02\x01"s) == "192.0.2.1");
    CHECK(record_value(RecordType::aaaa, "\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\x01"s) == "2001:db8::1");
    CHECK(record_value(RecordType::mx, "\x00\x0a\x02mx\x07"
                                       "Example\x04test\x00"s) == "10 mx.example.test");
    CHECK(record_value(RecordType::mx, "\x00\x00\x00"s) == "0 ."); // RFC 7505: takes no mail
    CHECK(record_value(RecordType::ptr, "\x02mx\x04test\x00"s) == "mx.test");
    CHECK(record_value(RecordType::srv, "\x00\x00\x00\x01\x03\xe1\x02mx\x04test\x00"s) == "0 1 993 mx.test");
    CHECK(record_value(RecordType::txt, "\x07v=spf1 \x04-all"s) == "v=spf1 -all");
    CHECK(record_value(RecordType::txt, "\x00"s) == "");
    CHECK(record_value(RecordType::caa, "\x00\x05issueca.test"s) == "0 issue \"ca.test\"");
    CHECK(record_value(RecordType::tlsa, "\x03\x01\x01\xab\xcd"s) == "3 1 1 abcd");
}

TEST_CASE("a name with hostile labels is escaped, not believed") {
    CHECK(record_value(RecordType::ptr, "\x04"
                                        "a.b\n\x04test\x00"s) == "a\\.b\\010.test");
    CHECK(record_value(RecordType::ptr, "\x02\xc3\xa4\x00"s) == "\\195\\164");
}

TEST_CASE("malformed record data has no value") {
    CHECK_FALSE(record_value(RecordType::a, "\x01\x02\x03"s));
    CHECK_FALSE(record_value(RecordType::aaaa, "\x01\x02\x03\x04"s));
    CHECK_FALSE(record_value(RecordType::mx, "\x00"s));
    CHECK_FALSE(record_value(RecordType::mx, "\x00\x0a\x05mx"s));
    CHECK_FALSE(record_value(RecordType::mx, "\x00\x0a\x02mx\x00trailing"s));
    CHECK_FALSE(record_value(RecordType::ptr, "\xC0\x0C"s)); // compression, which libunbound has undone
    CHECK_FALSE(record_value(RecordType::ptr, ""s));
    CHECK_FALSE(record_value(RecordType::srv, "\x00\x00\x00\x01\x03"s));
    CHECK_FALSE(record_value(RecordType::srv, "\x00\x00\x00\x01\x03\xe1\x02mx\x04test\x00x"s));
    CHECK_FALSE(record_value(RecordType::txt, "\x05only"s));
    CHECK_FALSE(record_value(RecordType::txt, ""s));
    CHECK_FALSE(record_value(RecordType::caa, "\x00\x00"s));
    CHECK_FALSE(record_value(RecordType::tlsa, "\x03\x01\x01"s));
    std::string endless;
    for (int i = 0; i < 200; ++i)
        endless += "\x01x";
    CHECK_FALSE(record_value(RecordType::ptr, endless + "\x00"s));
}

TEST_CASE("addresses are reversed for PTR and for DNSBLs") {
    CHECK(reversed_name("192.0.2.1") == "1.2.0.192.in-addr.arpa");
    CHECK(reversed_name("2001:db8::1") == "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
    CHECK(reversed_labels("127.0.0.2") == "2.0.0.127");
    CHECK_FALSE(reversed_name("mx.example.test"));
    CHECK_FALSE(reversed_name("192.0.2.256"));
}
