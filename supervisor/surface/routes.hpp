// THE table of the REST API: one row per route, and nothing else decides what is routed where, who may call it, what
// OpenAPI and the reference say, and what the command line calls.
#pragma once

#include "surface/schema.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace vectis::surface {

/// Where the API begins.
constexpr std::string_view api_base = "/api/v1";

enum class Method : std::uint8_t { get, post, put, patch, del };
[[nodiscard]] std::string_view text(Method method);

/// What an administrator may do: each role may do what those before it may.
enum class Role : std::uint8_t { mailbox, domain_admin, admin, super_admin };
[[nodiscard]] std::string_view text(Role role);

/// What a route does. A handler stands for each of them.
enum class Operation : std::uint8_t { health, version, openapi, docs, me };

struct Route {
    Operation operation;
    std::string_view id; // OpenAPI's operationId
    Method method = Method::get;
    std::string_view path; // below api_base, literal: /domains/{id}
    std::string_view group;
    std::string_view summary;
    /// Whoever may not do at least this is refused; nothing: everybody may call it, `open_because` says why.
    std::optional<Role> role;
    std::string_view open_because;
    /// Of the answer's `data`; null where the answer is a document of its own.
    const Schema* answer = nullptr;
    std::string_view type = "application/json";
};

[[nodiscard]] std::span<const Route> routes();

struct Group {
    std::string_view name;
    std::string_view summary;
};
[[nodiscard]] std::span<const Group> groups();

} // namespace vectis::surface
