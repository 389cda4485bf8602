// `vectis config get` and `set` on the text of config.yaml: what is not meant keeps its comments, order and form.
// A path is a key as docs/config.md has it, with names in the brackets: rspamd.reject, domains[example.test].quota,
// domains[example.test].mailboxes[anna].display_name.
#pragma once

#include <string>
#include <string_view>

namespace vectis::config {

/// The value in effect (a default, if the file says nothing): a text without quotes, a list as [a, b], a section as
/// YAML. Throws Error(invalid_input) with the file's problems or for a path that is none, Error(not_found) for an
/// element that does not exist or a key without a value.
[[nodiscard]] std::string get(std::string_view yaml, const std::string& file, std::string_view path);

/// The text with one value changed; missing sections are added, a setting that is commented out comes into use. A list
/// is given as "a, b" or "[a, b]". Throws like get(), and Error(invalid_input) if the value or what would come out of
/// it is not valid: nothing that set() returns has a problem.
[[nodiscard]] std::string set(std::string_view yaml, const std::string& file, std::string_view path,
                              std::string_view value);

} // namespace vectis::config
