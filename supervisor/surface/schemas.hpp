// The shapes of the API's resources.
#pragma once

#include "surface/schema.hpp"

#include <array>

namespace vectis::surface::schemas {

inline constexpr Schema text{.kind = Kind::string};
inline constexpr Schema optional_text{.kind = Kind::string, .nullable = true};
inline constexpr Schema flag{.kind = Kind::boolean};

inline constexpr std::array<std::string_view, 2> health_words{"ok", "failing"};
inline constexpr Schema health_word{.kind = Kind::string, .values = health_words};
inline constexpr std::array health_check_properties{
    Property{"name", &text, "What was looked at"},
    Property{"status", &health_word, "How it is"},
};
inline constexpr Schema health_check{.name = "HealthCheck", .properties = health_check_properties};
inline constexpr Schema health_checks{.kind = Kind::array, .items = &health_check};
inline constexpr std::array health_properties{
    Property{"status", &health_word, "ok if every check is"},
    Property{"checks", &health_checks, "Each thing that the API needs"},
};
inline constexpr Schema health{.name = "Health", .properties = health_properties};

inline constexpr std::array version_properties{
    Property{"version", &text, "The version of Vectis"},
    Property{"api", &text, "The version of the API: the first part of every path"},
};
inline constexpr Schema version{.name = "Version", .properties = version_properties};

inline constexpr std::array<std::string_view, 4> role_words{"mailbox", "domain_admin", "admin", "super_admin"};
inline constexpr Schema role_word{.kind = Kind::string, .values = role_words};
inline constexpr std::array<std::string_view, 1> credential_words{"socket"};
inline constexpr Schema credential_word{.kind = Kind::string, .values = credential_words};
inline constexpr std::array me_properties{
    Property{"name", &text, "The name under which the audit log knows you"},
    Property{"credential", &credential_word, "By what you are known: the administrative socket"},
    Property{"role", &role_word, "What you may do"},
};
inline constexpr Schema me{.name = "Me", .properties = me_properties};

} // namespace vectis::surface::schemas
