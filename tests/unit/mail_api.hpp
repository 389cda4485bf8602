// The API of a server that has mail.
#pragma once

#include "api.hpp"

namespace vectis::test {

/// A server with one domain from config.yaml, and alice in it.
struct MailApi : Api {
    MailApi() { declare(""); }

    /// Applies the configuration, in which alice has this password; without it she is not in it at all.
    void declare(const std::optional<std::string>& password) {
        config::Config wanted;
        wanted.hostname = "mail.example.test";
        wanted.admin = "alice@example.test";
        wanted.domains.push_back({.name = "example.test"});
        if (password)
            wanted.domains[0].mailboxes.push_back({.local_part = "alice", .password_hash = *password});
        const auto rows = supervisor.rows();
        supervisor.apply(directory::difference(rows, directory::wanted(wanted, "{P}")), 1, false);
    }

    Answer post(const std::string& path, const Json& body, const std::map<std::string, std::string>& fields = {}) {
        return ask("POST", path, {.body = body, .fields = fields, .raw = {}});
    }
    Answer patch(const std::string& path, const Json& body, const std::map<std::string, std::string>& fields = {}) {
        return ask("PATCH", path, {.body = body, .fields = fields, .raw = {}});
    }
    std::string id_of(const std::string& collection, const std::string& field, const std::string& value) {
        const Json rows = ask("GET", collection + "?" + field + "=" + value).json["data"];
        REQUIRE(rows.size() == 1);
        return rows[0]["id"];
    }
    /// Makes a mailbox; the path of it.
    std::string make_mailbox(const std::string& address, const std::string& password = "a good password") {
        const auto made = post("/mailboxes", {{"address", address}, {"password", password}});
        INFO(made.response.body);
        REQUIRE(made.status == 201);
        return "/mailboxes/" + made.json["data"]["id"].get<std::string>();
    }
    std::string one(const std::string& sql) {
        return directory.read([&](store::Database& reader) {
            auto select = reader.prepare(sql);
            return select.step() ? select.text(0) : std::string("(none)");
        });
    }
    std::vector<std::string> actions() {
        std::vector<std::string> all;
        const Json rows = ask("GET", "/audit").json["data"];
        for (const auto& row : rows)
            all.push_back(row["action"]);
        return all;
    }
};

} // namespace vectis::test
