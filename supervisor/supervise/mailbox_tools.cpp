#include "supervise/mailbox_tools.hpp"

#include "base/error.hpp"
#include "base/subprocess.hpp"
#include "base/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <charconv>
#include <semaphore>

namespace vectis::supervise {

namespace {

// sysexits.h, as doveadm gives them back.
constexpr int wrong_data = 65;
constexpr int no_user = 67;
constexpr int not_there = 68;

/// What doveadm's compiler and commands say, without "doveadm(...): Error: sieve: ".
std::vector<std::string> complaints(const std::string& err) {
    std::vector<std::string> all;
    for (const auto& line : split(err, '\n')) {
        const auto at = line.find("Error: ");
        if (at != std::string::npos)
            all.push_back(printable(line.substr(at + std::string_view("Error: ").size())));
    }
    return all;
}

/// Some of the supervisor's calls are for others: one domain's administrators must not take them all.
class Place {
  public:
    Place() {
        if (!places().try_acquire_for(std::chrono::seconds(5)))
            throw Error(Code::busy, "too much is asked of mailboxes at once", "ask again in a moment");
    }
    ~Place() { places().release(); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

  private:
    static std::counting_semaphore<3>& places() {
        static std::counting_semaphore<3> all(3);
        return all;
    }
};

std::string doveadm(const std::vector<std::string>& words, const std::string& address, const std::string& name = {},
                    const std::string& input = {}) {
    if (address.find_first_of("?*") != std::string::npos)
        throw Error(Code::not_supported, fmt::format("'{}' stands for several mailboxes to doveadm", address));
    const Place place;
    std::vector<std::string> arguments{"doveadm", "-f", "json"};
    arguments.insert(arguments.end(), words.begin(), words.end());
    arguments.insert(arguments.end(), {"-u", address});
    if (!name.empty())
        arguments.insert(arguments.end(), {"--", name});
    const Finished finished = run(arguments, std::chrono::seconds(60), input);
    if (finished.status == 0)
        return finished.out;
    const auto said = complaints(finished.err);
    const std::string why = said.empty() ? printable(trim(finished.err)) : said.front();
    if (finished.status == no_user)
        throw Error(Code::conflict, fmt::format("'{}' or its domain is suspended", address), "resume it first");
    if (finished.status == not_there)
        throw Error(Code::not_found, fmt::format("there is no Sieve script '{}'", name));
    if (finished.status == wrong_data && !input.empty()) {
        std::vector<Problem> problems;
        for (const auto& each : said)
            problems.push_back({.where = {}, .path = "/script", .what = each, .hint = {}});
        throw Error(Code::invalid_input, "this is no Sieve script that Dovecot understands", {}, std::move(problems));
    }
    if (finished.status == wrong_data)
        throw Error(Code::conflict, why);
    throw Error(Code::unavailable, "Dovecot cannot be asked: " + why, "systemctl status dovecot");
}

Json answer(const std::vector<std::string>& words, const std::string& address, const std::string& name = {}) {
    try {
        return parse_json(doveadm(words, address, name));
    } catch (const Error& error) {
        if (error.code() == Code::invalid_input)
            throw Error(Code::unavailable, "Dovecot answers something else", "journalctl -u dovecot");
        throw;
    }
}

/// Numbers come as text; "error" where Dovecot could not count.
std::uint64_t number(const Json& row) {
    const std::string text = row.value("value", "");
    std::uint64_t value = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (fault != std::errc{} || end != text.data() + text.size())
        throw Error(Code::unavailable, "Dovecot cannot count what is in the mailbox", "journalctl -u dovecot");
    return value;
}

} // namespace

Json mailbox_use(const std::string& address) {
    Json use{{"bytes", 0}, {"messages", 0}};
    const Json rows = answer({"quota", "get"}, address);
    for (const auto& row : rows) {
        if (row.value("type", "") == "STORAGE")
            use["bytes"] = number(row) * 1024; // it counts in kilobytes
        else if (row.value("type", "") == "MESSAGE")
            use["messages"] = number(row);
    }
    return use;
}

Json sieve_scripts(const std::string& address) {
    Json scripts = Json::array();
    const Json rows = answer({"sieve", "list"}, address);
    for (const auto& row : rows)
        scripts.push_back({{"name", row.at("script")}, {"active", row.value("active", "") == "ACTIVE"}});
    return scripts;
}

std::string sieve_script(const std::string& address, const std::string& name) {
    const Json said = answer({"sieve", "get"}, address, name);
    const Json& row = said.is_array() ? said.at(0) : said;
    return row.at("sieve script").get<std::string>();
}

void put_sieve_script(const std::string& address, const std::string& name, const std::string& script) {
    static_cast<void>(doveadm({"sieve", "put"}, address, name, script));
}

void act_on_sieve_script(const std::string& address, const std::string& name, systemd::SieveAction action) {
    using systemd::SieveAction;
    if (action == SieveAction::remove) {
        static_cast<void>(doveadm({"sieve", "delete"}, address, name));
        return;
    }
    // deactivate names none: what is active is asked first, so that nobody's other script is put out of force.
    const Json scripts = sieve_scripts(address);
    for (const auto& each : scripts) {
        if (each.at("name") != name)
            continue;
        if (action == SieveAction::activate)
            static_cast<void>(doveadm({"sieve", "activate"}, address, name));
        else if (each.at("active").get<bool>())
            static_cast<void>(doveadm({"sieve", "deactivate"}, address));
        return;
    }
    throw Error(Code::not_found, fmt::format("there is no Sieve script '{}'", name));
}

} // namespace vectis::supervise
