// Fills in a template: its subject, text and HTML with a message's values, by kainjow's mustache. What is escaped
// depends on the place: HTML in the HTML, nothing in the text; in the subject a line end is a fault. What it writes is
// bounded while it is written. Pure.
#pragma once

#include "base/error.hpp"
#include "base/json.hpp"

#include <optional>
#include <string>
#include <vector>

namespace vectis::mail {

inline constexpr std::size_t longest_rendering = 1'000'000; // bytes of the text, and of the HTML

/// As it is written down, and as it is once it is filled in.
struct Writing {
    std::string subject;
    std::optional<std::string> text;
    std::optional<std::string> html;
};

/// What is wrong with a template, at /subject, /text and /html, each with its line.
[[nodiscard]] std::vector<Problem> faults(const Writing& source);

/// `variables` is an object. What it lacks, and what cannot be written, is noted by JSON pointer, `place` being its
/// own; then what is given back is not to be used. A template with faults of its own is an Error(internal).
[[nodiscard]] Writing render(const Writing& source, const Json& variables, const std::string& place,
                             std::vector<Problem>& problems);

} // namespace vectis::mail
