// What config.yaml can say, told in three ways, each made from the table of keys.
#pragma once

#include <string>

namespace vectis::config {

/// JSON Schema (draft 2020-12) for editors. It is as strict as a schema can be; what needs more than one value to
/// judge, `vectis config check` says.
[[nodiscard]] std::string json_schema();

/// docs/config.md: a table of keys for each section.
[[nodiscard]] std::string reference();

/// A config.yaml that names every key with its meaning and its default. Valid as it stands: a small server with one
/// domain. Settings that are commented out start with '#', explanations with '# '.
[[nodiscard]] std::string example();

} // namespace vectis::config
