// The text of a template, judged: mustache with variables, sections and comments, and nothing else of it. The library
// that renders it (mail/rendering) lets much through without a word; what is wrong is found here, all of it, when a
// template is made and not when a message is sent. Pure.
#pragma once

#include "base/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vectis::mail {

inline constexpr std::size_t longest_template = 200'000; // bytes

struct TemplateTag {
    enum class Kind : std::uint8_t {
        variable, // {{name}}
        raw,      // {{{name}}} or {{&name}}: never escaped
        section,  // {{#name}}
        inverted, // {{^name}}
        end,      // {{/name}}
    };
    Kind kind = Kind::variable;
    std::string name; // a, a.b, or . for the element itself
    std::uint32_t line = 0;
    bool inside = false;   // of a section
    std::size_t bytes = 0; // of a section: the text that it writes each time, without the sections in it
};

struct Template {
    std::vector<TemplateTag> tags; // in their order
    std::string numbered;          // the text, each tag with its place in `tags` for a name, without comments
    std::size_t bytes = 0;         // of text outside of the sections
};

/// Reads a template; what is wrong with it is noted, each with its line and under `path`, and then it is not to be
/// used. Of very many faults the first hundred are.
[[nodiscard]] Template read_template(std::string_view text, const std::string& path, std::vector<Problem>& problems);

} // namespace vectis::mail
