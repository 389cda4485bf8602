// The keys that a rotation has made, or somebody has imported, sign once DNS has had them for a while.
#pragma once

#include "api/call.hpp"

#include <chrono>
#include <map>
#include <stop_token>

namespace vectis::api {

/// The selectors of those of these keys of one domain whose records are in DNS as they should be.
[[nodiscard]] std::vector<std::string> published(const Services& services, const std::vector<directory::DkimKey>& keys);

/// For one thread.
class Rotation {
  public:
    /// How long after it was seen in DNS a key signs: the servers of a zone get it one after the other, and the one
    /// that our resolver asked, which then remembers it, says nothing of those that others ask.
    static constexpr std::chrono::hours settling{1};

    using Clock = std::function<std::chrono::steady_clock::time_point()>;

    explicit Rotation(const Services& services, Clock clock = std::chrono::steady_clock::now) :
        services_(services), clock_(std::move(clock)) {}

    /// Asks DNS for every key that waits, and has those sign that were there an hour ago and at each look since; called
    /// again and again. What one domain's fault is (heard by Services::log, once) is no other's.
    void look(const std::stop_token& stop);

  private:
    using Key = std::pair<std::string, std::string>; // domain, selector

    void look_at(const std::vector<directory::DkimKey>& keys);

    const Services& services_;
    Clock clock_;
    std::map<Key, std::chrono::steady_clock::time_point> seen_; // since when
    std::map<std::string, std::string> faults_;                 // of each domain, as it was said
};

} // namespace vectis::api
