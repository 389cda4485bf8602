// A request and its answer as handlers see them: no library, no socket.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vectis::api {

/// Which of our doors somebody came through.
enum class Door : std::uint8_t {
    admin, // the unix socket of root and the group vectis-admin: a person on this server
    proxy, // nginx: the address is what it says in X-Real-IP
    local, // 127.0.0.1
};
constexpr std::size_t door_count = 3;

struct Peer {
    Door door = Door::local;
    std::string address; // IP address; empty on the administrative socket
    std::uint32_t user = 0;
};

/// A field of a form, or a file of it.
struct FormPart {
    std::string name;
    std::string content;
    std::string filename;     // of a file
    std::string content_type; // may be empty
};

struct Request {
    std::string id; // UUIDv7: in every answer and in the audit log
    Peer peer;
    std::string method;
    std::string path; // decoded, without the query
    std::multimap<std::string, std::string> query;
    /// The first value of a field; names without regard to case.
    std::function<std::optional<std::string>(const std::string& name)> field;
    bool has_body = false;
    /// The whole body. Throws HttpError(413) if it is longer than `most` bytes, HttpError(400) if it breaks off.
    std::function<std::string(std::size_t most)> body;
    /// The body as a form (RFC 7578, or application/x-www-form-urlencoded), its parts in their order. Throws
    /// HttpError(415) if it is none, and what `body` throws.
    std::function<std::vector<FormPart>(std::size_t most)> form;
};

struct Response {
    int status = 200;
    std::string type = "application/json";
    std::string body;
    std::vector<std::pair<std::string, std::string>> fields;
};

} // namespace vectis::api
