#include "base/error.hpp"
#include "catch.hpp"
#include "directory/import_file.hpp"
#include "thrown.hpp"

#include <nlohmann/json.hpp>

using namespace vectis;
using directory::read_import_csv;
using directory::read_import_yaml;
using vectis::test::error_of;

namespace {

constexpr const char* bcrypt = "{BLF-CRYPT}$2y$05$bvIG6Nmid91Mu9RcmmWZfO5HJIMCT8riNW0hEp8f6/FuA2/mHZFpe";

/// Of a file that cannot be read at all: the first fault.
Problem fault_of(const std::string& text, bool yaml = false) {
    const Error error =
        error_of([&] { static_cast<void>(yaml ? read_import_yaml(text, "f") : read_import_csv(text, "f")); });
    CHECK(error.code() == Code::invalid_input);
    REQUIRE_FALSE(error.problems().empty());
    return error.problems().front();
}

} // namespace

TEST_CASE("a CSV file of mailboxes, of aliases, of domains: the head line says which") {
    const auto mailboxes = read_import_csv("address,display_name,password_hash,quota\r\n"
                                           "anna@example.org,\"Anna, \"\"the\"\" first\",\"" +
                                               std::string(bcrypt) +
                                               "\",5 GiB\r\n"
                                               "\r\n"
                                               "bert@example.org,,,\r\n",
                                           "users.csv");
    REQUIRE(mailboxes.size() == 2);
    CHECK(mailboxes[0].problems.empty());
    CHECK(mailboxes[0].list == "mailboxes");
    CHECK(mailboxes[0].row == Json{{"address", "anna@example.org"},
                                   {"display_name", R"(Anna, "the" first)"},
                                   {"password_hash", bcrypt},
                                   {"quota", 5368709120}});
    CHECK(mailboxes[1].row == Json{{"address", "bert@example.org"}});
    CHECK(mailboxes[1].where.line == 4);

    const auto aliases = read_import_csv("\xEF\xBB\xBF"
                                         "address;destinations\n"
                                         "info@example.org;anna@example.org, bert@example.org\n",
                                         "aliases.csv");
    REQUIRE(aliases.size() == 1);
    CHECK(aliases[0].list == "aliases");
    CHECK(aliases[0].row["destinations"] == Json{"anna@example.org", "bert@example.org"});
    CHECK(read_import_csv("name,alias_of\nexample.net,example.org\n", "d.csv")[0].list == "domains");
}

TEST_CASE("a CSV file of several kinds, and a field with line breaks, keep their lines") {
    const auto rows = read_import_csv("kind,name,destinations,display_name\n"
                                      "domain,example.org,,\n"
                                      "mailbox,anna@example.org,,\"two\nlines\"\n"
                                      "Alias,info@example.org,anna@example.org,\n"
                                      "list,all@example.org,,\n"
                                      "domain,example.net,,Anna\n",
                                      "all.csv");
    REQUIRE(rows.size() == 5);
    CHECK(rows[0].row == Json{{"name", "example.org"}});
    CHECK(rows[0].problems.empty());
    REQUIRE(rows[1].problems.size() == 1); // a control character
    CHECK(rows[1].problems[0].path == "display_name");
    CHECK(rows[2].row["address"] == "info@example.org");
    CHECK(rows[2].where.line == 5);
    CHECK(rows[2].problems.empty());
    REQUIRE(rows[3].problems.size() == 1);
    CHECK(rows[3].problems[0].where.line == 6);
    REQUIRE(rows[4].problems.size() == 1);
    CHECK(rows[4].problems[0].path == "display_name");
}

TEST_CASE("a YAML file has the API's lists") {
    const auto rows = read_import_yaml("domains:\n"
                                       "  - name: example.org\n"
                                       "    catch_all:\n"
                                       "mailboxes:\n"
                                       "  - {address: anna@example.org, quota: 2 GiB}\n"
                                       "aliases:\n"
                                       "  - address: info@example.org\n"
                                       "    destinations: [anna@example.org, bert@elsewhere.test]\n"
                                       "  - address: one@example.org\n"
                                       "    destinations: anna@example.org\n",
                                       "all.yaml");
    REQUIRE(rows.size() == 4);
    for (const auto& row : rows)
        CHECK(row.problems.empty());
    CHECK(rows[0].row == Json{{"name", "example.org"}});
    CHECK(rows[1].row["quota"] == 2147483648);
    CHECK(rows[2].row["destinations"].size() == 2);
    CHECK(rows[3].row["destinations"] == Json{"anna@example.org"});
    CHECK(rows[3].where.line == 9);
}

TEST_CASE("hashes of other systems get the name of their scheme") {
    const auto scheme_of = [](const std::string& hash) {
        const auto row = read_import_csv("address,password_hash\na@example.org," + hash + "\n", "f").front();
        INFO(hash << (row.problems.empty() ? "" : ": " + row.problems.front().what));
        CHECK(row.problems.empty());
        const std::string text = row.row.value("password_hash", "");
        return text.substr(0, text.find('}') + 1);
    };
    CHECK(scheme_of("$2y$05$bvIG6Nmid91Mu9RcmmWZfO5HJIMCT8riNW0hEp8f6/FuA2/mHZFpe") == "{BLF-CRYPT}");
    CHECK(scheme_of("$6$saltstring$"
                    "svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjlO/O817G3uBnIFNjnQJuesI68OTLiBFdcbYEdFCoEOfaS35inz1") ==
          "{SHA512-CRYPT}");
    CHECK(scheme_of("\"$argon2id$v=19$m=65536,t=3,p=1$"
                    "c29tZXNhbHRzb21lc2FsdA$RdescudvJCsgt3ub+b3dWRWJTmaaJObGRdescudvJCs\"") == "{ARGON2ID}");
    // A password in the clear is no hash, and is not said again.
    const auto clear = read_import_csv("address,password_hash\na@example.org,Sommer2026\n", "f").front();
    REQUIRE(clear.problems.size() == 1);
    CHECK(clear.problems[0].path == "password_hash");
    CHECK(clear.problems[0].text().find("Sommer") == std::string::npos);
}

TEST_CASE("what is wrong with a row is told with its line, and everything at once") {
    const auto rows = read_import_yaml("mailboxes:\n"
                                       "  - {address: anna, quota: much, colour: red}\n"
                                       "  - {display_name: Bert}\n"
                                       "  - anna@example.org\n"
                                       "  - {address: [a@example.org, b@example.org]}\n"
                                       "  - {address: {a: b}}\n"
                                       "  - {address: c@example.org, address: d@example.org}\n",
                                       "f");
    REQUIRE(rows.size() == 6);
    CHECK(rows[0].problems.size() == 2); // the address is looked at once the row can be read
    for (const auto& row : rows) {
        REQUIRE_FALSE(row.problems.empty());
        CHECK(row.problems.front().where.line == row.where.line);
    }
    CHECK(rows[1].problems.front().path == "address");
}

TEST_CASE("a file that is none is refused as a whole") {
    CHECK(fault_of("").hint.find("first line") != std::string::npos);
    CHECK(fault_of("adress\na@example.org\n").hint == "did you mean 'address'?");
    CHECK(fault_of("address,password\n").hint.find("password_hash") != std::string::npos);
    CHECK(fault_of("address,address\n").what == "there are two columns 'address'");
    CHECK(fault_of("quota\n1\n").where.line == 1);
    CHECK(fault_of("address\n\"a@example.org\n\n").where.line == 2);
    CHECK(fault_of("address\na\"b@example.org\n").where.line == 2);
    CHECK(fault_of("address\n\xff\n").what == "it is not UTF-8");
    CHECK(read_import_csv("address,quota\na@example.org\n", "f")[0].problems.size() == 1);

    CHECK(fault_of("- a\n", true).what.find("expected the lists") != std::string::npos);
    CHECK(fault_of("users:\n  - a\n", true).what == "there is no list 'users'");
    CHECK(fault_of("domains: 5\n", true).what == "'domains' is no list");
    CHECK(fault_of("domains: []\ndomains: []\n", true).where.line == 2);
    CHECK(fault_of("domains: &a []\naliases: *a\n", true).what == "found an alias, expected a value");
    CHECK(fault_of("domains: [[[[[[1]]]]]]\n", true).what == "is nested too deeply");
    CHECK(fault_of("domains: [\n", true).where.line >= 1);
    std::string many = "address\n";
    for (int i = 0; i <= 100001; ++i)
        many += "a\n";
    CHECK(error_of([&] { static_cast<void>(read_import_csv(many, "f")); }).hint() == "divide it");
}
