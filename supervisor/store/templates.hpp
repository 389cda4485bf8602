// The table templates of vectis.db: what messages are made of again and again.
#pragma once

#include "store/page.hpp"

#include <optional>
#include <string>
#include <vector>

namespace vectis::store {

struct Template {
    std::string id;
    std::optional<std::string> domain; // the only one that sends by it; nothing: every domain may
    std::string name;
    std::string description;
    std::string subject;
    std::optional<std::string> text;
    std::optional<std::string> html;
    std::string created_at;
    std::string updated_at;
};

class Templates {
  public:
    explicit Templates(Database& database) : database_(database) {}

    /// Adds it, unless its domain has one of that name; says whether it did.
    [[nodiscard]] bool add(const Template& row);
    [[nodiscard]] std::optional<Template> find(const std::string& id);
    [[nodiscard]] std::vector<Template> page(const Page& page);
    /// Writes everything but the domain down, unless another one of the domain has that name; says whether it did.
    [[nodiscard]] bool update(const Template& row);
    void remove(const std::string& id);

  private:
    Database& database_;
};

} // namespace vectis::store
