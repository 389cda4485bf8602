// Reading an object of a vendor's request, member by member; what nobody asked for is refused at the end, so that
// nothing is dropped in silence. Null is nothing, as it is in the libraries of all of them.
#pragma once

#include "base/error.hpp"
#include "base/json.hpp"
#include "mail/address.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vectis::api::fronts {

class Fields {
  public:
    /// `at` is the object's place: a JSON pointer. If it is no object, that is noted and every member is missing.
    Fields(const Json& object, std::string at, std::vector<Problem>& problems);

    /// The member; none if it is not there or null.
    [[nodiscard]] const Json* take(std::string_view name);
    /// The same, if it is of that kind; else it is noted.
    [[nodiscard]] std::optional<std::string> text(std::string_view name);
    [[nodiscard]] std::optional<bool> flag(std::string_view name);
    [[nodiscard]] std::optional<std::int64_t> number(std::string_view name);
    /// The elements of a list; none if it is not there.
    [[nodiscard]] const Json& list(std::string_view name);
    /// The members of an object of texts; numbers and flags are taken as texts, since programs mean them so.
    [[nodiscard]] Json texts(std::string_view name);
    /// A text, or a list of them, with addresses as people write them: as POST /send takes them.
    [[nodiscard]] Json people(std::string_view name);

    /// Notes that the member, if it is there, asks for what is not done here.
    void refuse(std::string_view name, const std::string& what, const std::string& hint = {});
    /// The member changes nothing of what is sent.
    void ignore(std::string_view name);

    void fault(std::string_view name, const std::string& what, const std::string& hint = {});
    /// Notes what was not asked for.
    void finish();

  private:
    const Json& object_;
    std::string at_;
    std::vector<Problem>& problems_;
    std::vector<std::string_view> asked_;
};

/// Notes what is wrong with `text`; the addresses in it.
[[nodiscard]] Json people_in(const std::string& text, const std::string& place, std::vector<Problem>& problems);

/// What stands for a key in a text, put in its place in one go: what is put in is not looked at again.
[[nodiscard]] std::string substituted(const std::string& text,
                                      const std::vector<std::pair<std::string, std::string>>& values);

} // namespace vectis::api::fronts
