// An API with one domain and a key that may send, asked as programs of other mail services ask.
#pragma once

#include "base/base64.hpp"
#include "mail_api.hpp"
#include "store/messages.hpp"

namespace vectis::test {

struct FrontApi : MailApi {
    std::string token;
    std::string base;

    explicit FrontApi(const std::string& vendor) : base("/compat/" + vendor) {
        token = make_key({{"name", "front"}, {"scopes", {"send", "messages:read", "suppressions:read"}}})["token"];
    }

    /// The fields that show the key, as programs of that vendor do.
    [[nodiscard]] std::map<std::string, std::string> shown(const std::string& key) const {
        if (base == "/compat/postmark")
            return {{"x-postmark-server-token", key}};
        if (base == "/compat/mailgun")
            return {{"authorization", "Basic " + base64("api:" + key)}};
        return {{"authorization", "Bearer " + key}};
    }
    Answer call(const std::string& method, const std::string& path, const Json& body = nullptr,
                const std::map<std::string, std::string>& more = {}, const std::string& key = {}) {
        auto fields = shown(key.empty() ? token : key);
        for (const auto& [name, value] : more)
            fields[name] = value;
        return ask(method, base + path, {.body = body, .fields = fields, .door = api::Door::local, .raw = {}});
    }
    Answer post(const std::string& path, const Json& body, const std::map<std::string, std::string>& more = {}) {
        return call("POST", path, body, more);
    }
    Answer form(const std::string& path, std::vector<api::FormPart> parts) {
        return ask(
            "POST", base + path,
            {.body = nullptr, .fields = shown(token), .door = api::Door::local, .raw = {}, .form = std::move(parts)});
    }

    /// All messages that were accepted, in their order: ids of one millisecond have none.
    Json messages() {
        std::map<std::int64_t, Json> in_order;
        const Json rows = ask("GET", "/messages?limit=200").json["data"];
        for (const auto& row : rows)
            in_order[database.read([&](store::Database& open) {
                return store::Messages(open).recipients(row["id"].get<std::string>()).at(0).id;
            })] = row;
        Json all = Json::array();
        for (auto& [recipient, row] : in_order)
            all.push_back(std::move(row));
        return all;
    }
    Json message(const std::string& id) { return ask("GET", "/messages/" + id).json["data"]; }
    std::string content(const std::string& id) {
        return database.read([&](store::Database& open) { return store::Messages(open).content(id).value_or(""); });
    }
    /// To whom a message goes, one after the other.
    std::string recipients(const std::string& id) {
        std::vector<std::string> all;
        const Json rows = message(id)["recipients"];
        for (const auto& each : rows)
            all.push_back(each["email"]);
        return join(all, " ");
    }
    void suppress(const std::string& address) {
        REQUIRE(ask("POST", "/suppressions",
                    {.body = {{"domain", "example.test"}, {"address", address}}, .fields = {}, .raw = {}})
                    .status == 201);
    }
};

} // namespace vectis::test
