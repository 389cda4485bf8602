// Where the links of an HTML text are, and where a picture can stand: places in the text itself, so that they can be
// written over and nothing else changes. What begins a tag and what ends an attribute, a comment or a script is as
// browsers read it (HTML Standard, 13.2.5 "Tokenization"). No tree is made of it: a link is a link wherever it stands,
// and to make a tree takes time and memory by the square of the length of what somebody may write. This takes time by
// the length. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vectis::mail {

struct HtmlLink {
    std::size_t at = 0; // of the value, without its quotes
    std::size_t length = 0;
    std::string url; // as web_url() has it
};

struct HtmlPlaces {
    std::vector<HtmlLink> links; // href of <a> and <area> that lead into the web, in their order
    /// Where what is shown last can stand: before the last </body>, else at the end, or before whatever is open there.
    std::size_t end = 0;
};

[[nodiscard]] HtmlPlaces places_in(std::string_view html);

/// The value of an attribute as it is meant: its character references (&amp;) are decoded. Letters are UTF-8.
[[nodiscard]] std::string attribute_text(std::string_view written);

inline constexpr std::size_t longest_link = 2000;
/// What the value of an href leads to, if that is an http or https URL of at most longest_link octets: in printable
/// ASCII without blanks, all else in percent encoding.
[[nodiscard]] std::optional<std::string> web_url(std::string_view href);

} // namespace vectis::mail
