#include "health/facts.hpp"

#include "base/error.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "directory/rows.hpp"
#include "keys/dkim.hpp"
#include "state/desired.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace vectis::health {

namespace {

bool is_ipv6(const std::string& address) {
    return address.find(':') != std::string::npos;
}

bool is_link_local(const std::string& address) {
    return lower_ascii(address).starts_with("fe80:");
}

/// The address a client outside connects to: where Postfix and Dovecot listen on all addresses, our own end of the veth
/// pair; otherwise the first address that they listen on.
std::string listening_address(const config::Network& network,
                              const std::map<std::string, std::vector<std::string>>& interface_addresses) {
    std::vector<std::string> addresses = network.addresses;
    for (const auto& interface : network.interfaces) {
        if (const auto found = interface_addresses.find(interface); found != interface_addresses.end())
            addresses.insert(addresses.end(), found->second.begin(), found->second.end());
    }
    for (const bool ipv6 : {false, true}) {
        if (!(ipv6 ? network.ipv6 : network.ipv4))
            continue;
        if (addresses.empty())
            return (ipv6 ? probe_ipv6 : probe_ipv4).host;
        for (const auto& address : addresses) {
            if (is_ipv6(address) == ipv6 && !is_link_local(address))
                return address;
        }
    }
    throw Error(Code::invalid_input, "cannot probe: no address to listen on is left by network.addresses, "
                                     "network.interfaces, network.ipv4 and network.ipv6");
}

/// The record that publishes the key in this file; empty if there is none or it is no key.
std::string record_of(const std::string& path) {
    try {
        const auto text = read_file(path, 65536);
        return text ? keys::dkim_record(*text) : "";
    } catch (const Error&) {
        return "";
    }
}

} // namespace

WrongClients fresh_wrong_clients(bool ipv6) {
    const std::string bytes = random_bytes(2);
    const unsigned random = unsigned{static_cast<unsigned char>(bytes[0])} << 8U | static_cast<unsigned char>(bytes[1]);
    if (ipv6)
        return {fmt::format("2001:db8:{:x}::1", 0x8000U | (random & 0xfffeU)),
                fmt::format("2001:db8:{:x}::1", 0x8001U | random)};
    const unsigned pair = random % 127;
    return {fmt::format("198.18.26.{}", 2 * pair + 1), fmt::format("198.18.26.{}", 2 * pair + 2)};
}

Facts facts(const config::Config& config, const std::map<std::string, std::vector<std::string>>& interface_addresses,
            const state::Paths& paths) {
    Facts facts;
    facts.hostname = config.hostname;
    facts.address = listening_address(config.network, interface_addresses);
    const bool ipv6 = is_ipv6(facts.address);
    facts.client = (ipv6 ? probe_ipv6 : probe_ipv4).client;
    facts.wrong_clients = fresh_wrong_clients(ipv6);
    facts.mailbox = fmt::format("{}@{}", directory::probe_local_part, config.hostname);
    if (const auto secret = read_file(paths.probe_secret(), 65536))
        facts.password = split(*secret, '\n').front();
    facts.submission = config.postfix.submission;
    facts.submissions = config.postfix.submissions;
    facts.imap = config.dovecot.imap;
    facts.webmail = config.webmail.enabled;
    facts.message_size = config.message_size;
    facts.certificate = read_file(state::certificate_files(config, paths).certificate, 1U << 20U).value_or("");
    for (const auto& key : state::wanted_keys(config)) {
        const std::string path = keys::dkim_path(paths.dkim(), key.domain, key.selector).string();
        facts.keys.push_back({path, key.algorithm == keys::Algorithm::rsa ? "rsa" : "ed25519"});
        if (key.domain == config.hostname)
            facts.records[key.selector] = record_of(path);
    }
    facts.directory = paths.directory().string();
    facts.lib = paths.lib.string();
    return facts;
}

Json to_json(const Facts& facts) {
    Json keys = Json::array();
    for (const auto& key : facts.keys)
        keys.push_back({{"path", key.path}, {"algorithm", key.algorithm}});
    return {{"hostname", facts.hostname},
            {"address", facts.address},
            {"client", facts.client},
            {"wrong_clients", {{"smtp", facts.wrong_clients.smtp}, {"imap", facts.wrong_clients.imap}}},
            {"mailbox", facts.mailbox},
            {"password", facts.password},
            {"submission", facts.submission},
            {"submissions", facts.submissions},
            {"imap", facts.imap},
            {"webmail", facts.webmail},
            {"message_size", facts.message_size},
            {"certificate", facts.certificate},
            {"records", facts.records},
            {"keys", std::move(keys)},
            {"directory", facts.directory},
            {"lib", facts.lib}};
}

Facts facts_from_json(const std::string& text) {
    const Json json = parse_json(text);
    try {
        Facts facts{.hostname = json.at("hostname"),
                    .address = json.at("address"),
                    .client = json.at("client"),
                    .wrong_clients = {json.at("wrong_clients").at("smtp"), json.at("wrong_clients").at("imap")},
                    .mailbox = json.at("mailbox"),
                    .password = json.at("password"),
                    .submission = json.at("submission"),
                    .submissions = json.at("submissions"),
                    .imap = json.at("imap"),
                    .webmail = json.at("webmail"),
                    .message_size = whole_number(json, "message_size"),
                    .certificate = json.at("certificate"),
                    .records = json.at("records"),
                    .keys = {},
                    .directory = json.at("directory"),
                    .lib = json.at("lib")};
        for (const auto& key : json.at("keys"))
            facts.keys.push_back({key.at("path"), key.at("algorithm")});
        return facts;
    } catch (const Json::exception& error) {
        throw Error(Code::invalid_input,
                    fmt::format("cannot run a probe: what it should know is incomplete ({})", error.what()));
    }
}

} // namespace vectis::health
