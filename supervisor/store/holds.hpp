// The tables holds and left_alone of vectis.db: whose mail is kept back, and who is left alone for a while.
#pragma once

#include "store/page.hpp"
#include "store/sender_hours.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace vectis::store {

struct Hold {
    std::string id;
    SenderHours::Sender who;
    std::string sender; // as people call it
    std::string domain;
    std::string reason; // spike, bounces, complaints, manual
    std::string detail;
    std::string held_by;
    std::string created_at;
    std::optional<std::string> ending; // release, discard
};

class Holds {
  public:
    explicit Holds(Database& database) : database_(database) {}

    /// Adds it unless the same sender has one already; says whether it did.
    bool add(const Hold& hold);
    [[nodiscard]] std::optional<Hold> find(const std::string& id);
    /// Whether the mail of this sender is to be kept back from now on.
    [[nodiscard]] bool keeps_back(const SenderHours::Sender& who);
    [[nodiscard]] std::optional<Hold> of(const SenderHours::Sender& who);
    [[nodiscard]] std::vector<Hold> page(const Page& page);
    /// The oldest first.
    [[nodiscard]] std::vector<Hold> all();
    void end(const std::string& id, const std::string& ending);
    void remove(const std::string& id);
    /// How many messages of its sender wait, as far as it is known here.
    [[nodiscard]] std::int64_t waiting(const Hold& hold);

    void leave_alone(const SenderHours::Sender& who, const std::string& until);
    [[nodiscard]] bool is_left_alone(const SenderHours::Sender& who, const std::string& at);
    /// Those that are over by then.
    void forget_left_alone(const std::string& at);

  private:
    Database& database_;
};

} // namespace vectis::store
