// Which mail is told to webhooks, and what the API changes of that. Values only; account.hpp carries them.
#pragma once

#include <optional>
#include <string>

namespace vectis::directory {

struct InboundRoute {
    std::string id;
    std::string name; // the address, or the domain
    std::string domain;
    std::string match;     // address: with its sub-addresses; domain: what nobody else there gets; all: everything
    bool keep_copy = true; // false: the mail goes to the API alone
    std::string format;    // native, postmark
    std::optional<std::string> webhook; // nothing: those of the domain that want such events
    std::string created_at;
    std::string updated_at;
};

struct NewInboundRoute {
    std::string id;
    std::string name;
    std::string match;
    bool keep_copy = true;
    std::string format;
    std::optional<std::string> webhook;
};
struct InboundRouteChange {
    std::string id;
    std::optional<std::string> as_of;
    std::optional<bool> keep_copy;
    std::optional<std::string> format;
    std::optional<std::optional<std::string>> webhook;
};
struct RemovedInboundRoute {
    std::string id;
    std::optional<std::string> as_of;
};

} // namespace vectis::directory
