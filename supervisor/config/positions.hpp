// Where in the text of a YAML file its keys and values stand, so that one of them can be replaced. Only .cpp files
// include this.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vectis::config {

struct Node {
    enum class Type : std::uint8_t { null, scalar, map, list };
    Type type = Type::null;
    bool flow = false;          // written with { } or [ ]
    std::size_t start = 0;      // offset of its first byte; of a null, where a value could stand
    std::size_t end = 0;        // offset after its last byte
    std::string value;          // of a scalar
    std::vector<Node> children; // of a map: key, value, key, value ...

    /// The value of `key` in a map, or null.
    [[nodiscard]] const Node* find(std::string_view key) const;
};

/// The tree of `text`; of the elements of lists, only those whose `name` is one of `names` keep their children, so that
/// memory stays small. Throws Error(invalid_input) if the text is no YAML.
[[nodiscard]] Node positions(std::string_view text, const std::string& file, const std::vector<std::string>& names);

} // namespace vectis::config
