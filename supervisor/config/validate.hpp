// What single values cannot show: addresses that exist twice or not at all, alias loops, keys that need each other.
#pragma once

#include "config/fields.hpp"
#include "config/problems.hpp"

#include <map>
#include <string_view>
#include <vector>

namespace vectis::config {

/// Where in the file values stand, by the path of their row. Of a list, the first element.
struct DomainMarks {
    std::map<std::string_view, Mark> keys;
    std::vector<Mark> alias_domains; // as in Domain::alias_domains
    std::vector<Mark> destinations;  // of all its aliases, one after the other
};
struct Marks {
    std::map<std::string_view, Mark> keys;
    std::vector<DomainMarks> domains; // as in Config::domains
};

/// Adds every problem. Names that are empty were refused already and are passed over.
void validate(const Config& config, const Marks& marks, Problems& problems);

} // namespace vectis::config
