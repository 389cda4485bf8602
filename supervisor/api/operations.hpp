// What the supervisor does for longer than a request waits: written down with the request, followed by a thread of its
// own, and its end written down. The supervisor goes on whether anybody follows it or not.
#pragma once

#include "accounts/ledger.hpp"
#include "base/error.hpp"
#include "base/guarded.hpp"
#include "store/operations.hpp"

#include <nlohmann/json.hpp>

#include <functional>
#include <map>
#include <stop_token>
#include <thread>

namespace vectis::api {

/// Any thread may call it.
class Operations {
  public:
    using Progress = std::function<void(const Json& event)>;
    /// Thrown by Work: it was begun, and nobody knows how it ended.
    class Unheard : public Error {
      public:
        explicit Unheard(const Error& error) : Error(error) {}
    };
    /// Has the supervisor do it, and answers what it came to.
    using Work =
        std::function<Json(const store::Operation& operation, const Progress& progress, const std::stop_token& stop)>;

    /// Hears what failed within.
    using Log = std::function<void(const std::string&)>;

    /// Those of a process before this one that were still running count as interrupted.
    Operations(accounts::Ledger& ledger, Work work, Log log);
    /// Follows none any further.
    ~Operations();
    Operations(const Operations&) = delete;
    Operations& operator=(const Operations&) = delete;

    /// Begins one that is written down already; throws nothing.
    void follow(store::Operation operation);
    /// What the API shows of it, with the last that was heard of it while it runs.
    [[nodiscard]] Json shown(const store::Operation& operation);

  private:
    struct Followed {
        Json heard;
        std::jthread thread;
        bool ended = false;
    };

    void run(store::Operation operation, const std::stop_token& stop);
    void end(store::Operation operation, const std::stop_token& stop);
    bool write_down(const store::Operation& operation);

    accounts::Ledger& ledger_;
    Work work_;
    Log log_;
    Guarded<std::map<std::string, Followed>> followed_;
};

} // namespace vectis::api
