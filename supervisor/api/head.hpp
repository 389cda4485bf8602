// The head of a request (request line and headers) as bytes, judged before any library reads it. Two readers that
// understand one head differently are how requests are smuggled; so what RFC 9112 leaves open is refused here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vectis::api {

/// The longest head that is read, and how many fields it may have.
constexpr std::size_t longest_head = 16384;
constexpr std::size_t longest_request_line = 8000;
constexpr std::size_t longest_path = 1000; // without the query; cpp-httplib matches it by std::regex, which recurses
constexpr std::size_t longest_field = 8000;
constexpr std::size_t most_fields = 100;

/// How the body that follows is delimited. Chunks are refused (RFC 9112 section 6.3 allows it): clients that stream are
/// served by nginx, which collects the body, and what one library makes of odd chunks is how requests are smuggled.
struct Framing {
    std::uint64_t length = 0; // bytes of the body
    bool keep_alive = true;
};

/// What is wrong with a head: the answer's status, and words for a person.
struct HeadFault {
    int status = 400;
    std::string detail;
};

/// The size of the head at the start of `bytes`, with the empty line that ends it; nothing if it has not ended yet.
[[nodiscard]] std::optional<std::size_t> head_size(std::string_view bytes);

/// Judges a whole head, with the empty line at its end. On success `framing` is set.
[[nodiscard]] std::optional<HeadFault> judge_head(std::string_view head, Framing& framing);

} // namespace vectis::api
