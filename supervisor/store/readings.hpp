// The tables tracked_html, tracked_links and readings of vectis.db: messages whose readers are followed, and how often
// they were heard of.
#pragma once

#include "store/database.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace vectis::store {

struct TrackedLink {
    std::string url;
    std::size_t at = 0; // of what stands in its place in the HTML
    std::size_t length = 0;
};

struct TrackedHtml {
    std::string html;
    std::optional<std::size_t> pixel; // where in it a picture goes
    std::string base;                 // https://HOSTNAME/
    std::size_t at = 0;               // of its part in the message's content
    std::size_t length = 0;
    std::vector<TrackedLink> links;
};

/// Of one recipient and one kind.
struct Reading {
    std::string first_at;
    std::int64_t events = 0; // that were written down
};

class Readings {
  public:
    explicit Readings(Database& database) : database_(database) {}

    /// Of a message that has its content.
    void add(const std::string& message, const TrackedHtml& html);
    /// Nothing if all recipients of the message get the same, or it is handed over.
    [[nodiscard]] std::optional<TrackedHtml> html(const std::string& message);
    /// Where the link leads to.
    [[nodiscard]] std::optional<std::string> url(const std::string& message, std::int64_t number);

    /// `kind` is opened or clicked.
    [[nodiscard]] std::optional<Reading> find(std::int64_t recipient, const std::string& kind);
    /// One more event.
    void count(std::int64_t recipient, const std::string& kind, const std::string& at);
    /// When each recipient of a message was first heard of, by row and kind.
    [[nodiscard]] std::map<std::pair<std::int64_t, std::string>, std::string> first(const std::string& message);

  private:
    Database& database_;
};

} // namespace vectis::store
