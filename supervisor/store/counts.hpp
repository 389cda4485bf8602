// The table counts of vectis.db: how often what happened, by hour and by day; of all, by the provider that received, by
// tag. What is counted is counted in the transaction of its event, and never again from the events: those are forgotten
// sooner.
#pragma once

#include "store/database.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace vectis::store {

struct Message;
struct MessageEvent;

/// What happened, and how often: delivered, bounced, bounced.hard, ..., bytes (of what was handed to Postfix).
using Figures = std::map<std::string, std::int64_t>;

/// How long it took from the moment a message was to go out until the other side had it. A figure is right within 12
/// percent: times are counted in steps, each a quarter longer than the one before.
class DeliveryTimes {
  public:
    /// The figure that counts a time: within.NN
    [[nodiscard]] static std::string figure(std::int64_t milliseconds);
    /// Takes a figure that counts times; false: it is another one.
    bool take(const std::string& figure, std::int64_t number);
    /// Milliseconds in which this share of what was delivered was; nothing if nothing was.
    [[nodiscard]] std::optional<std::int64_t> quantile(double share) const;

  private:
    std::map<int, std::int64_t> steps_;
    std::int64_t all_ = 0;
};

class Counts {
  public:
    explicit Counts(Database& database) : database_(database) {}

    struct Query {
        std::string span = "day"; // or hour
        std::string kind = "all"; // provider, tag
        std::string since;        // the beginning of a span
        std::string until;        // before it
        std::optional<std::vector<std::string>> domains;
    };
    /// Of one provider or tag, or of all; of the domains together.
    struct Sums {
        std::map<std::string, Figures> spans; // by when they begin
        DeliveryTimes times;                  // of all of them
    };

    /// `message` is the one that the event is about.
    void count(const MessageEvent& event, const std::optional<Message>& message);
    /// By name.
    [[nodiscard]] std::map<std::string, Sums> sums(const Query& query);
    /// All of a span that begin before it. Says how many rows.
    std::int64_t forget(const std::string& span, const std::string& before);

  private:
    Database& database_;
};

} // namespace vectis::store
