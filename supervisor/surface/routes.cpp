#include "surface/routes.hpp"

#include "surface/schemas.hpp"

#include <array>

namespace vectis::surface {

namespace {

constexpr std::array group_table{
    Group{"public", "What everybody may ask: whether the server is well, and how to talk to it."},
    Group{"auth", "Who is asking."},
};

constexpr std::array table{
    Route{.operation = Operation::health,
          .id = "get_health",
          .path = "/health",
          .group = "public",
          .summary = "Whether the API can do its work",
          .open_because = "monitoring asks it without a credential; it says nothing but well or not",
          .answer = &schemas::health},
    Route{.operation = Operation::version,
          .id = "get_version",
          .path = "/version",
          .group = "public",
          .summary = "Which Vectis answers",
          .open_because = "clients choose by it how to go on; the source is public",
          .answer = &schemas::version},
    Route{.operation = Operation::openapi,
          .id = "get_openapi",
          .path = "/openapi.json",
          .group = "public",
          .summary = "This description of the API, as OpenAPI 3.1",
          .open_because = "it is the same for every server of this version"},
    Route{.operation = Operation::docs,
          .id = "get_docs",
          .path = "/docs",
          .group = "public",
          .summary = "The reference, for people",
          .open_because = "it is the same for every server of this version",
          .type = "text/html; charset=utf-8"},
    Route{.operation = Operation::me,
          .id = "get_me",
          .path = "/auth/me",
          .group = "auth",
          .summary = "Who you are, and what you may do",
          .role = Role::mailbox,
          .answer = &schemas::me},
};

} // namespace

std::string_view text(Method method) {
    constexpr std::array names{"GET", "POST", "PUT", "PATCH", "DELETE"};
    return names.at(static_cast<std::size_t>(method));
}

std::string_view text(Role role) {
    constexpr std::array names{"mailbox", "domain_admin", "admin", "super_admin"};
    return names.at(static_cast<std::size_t>(role));
}

std::span<const Route> routes() {
    return table;
}

std::span<const Group> groups() {
    return group_table;
}

} // namespace vectis::surface
