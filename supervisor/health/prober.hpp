// Runs the probes, each as a sandboxed transient unit, a few at a time. Used by `vectis health` and as the gate of an
// apply.
#pragma once

#include "health/facts.hpp"
#include "health/result.hpp"
#include "state/paths.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace vectis::health {

enum class Set : std::uint8_t {
    quick, // under 5 seconds on a healthy server: the gate of an apply
    all,
};

class Prober {
  public:
    explicit Prober(state::Paths paths);

    /// Runs the set against the generation that is in force now. Any thread may call it, several at once: runs do not
    /// disturb each other. `tell` hears each result as it comes, from one thread at a time. Results stand in the order
    /// of the table of probes. A probe that cannot run at all is red. Throws Error(not_found) before the first apply.
    [[nodiscard]] std::vector<Result> run(Set set, const std::function<void(const Result&)>& tell = {});

  private:
    [[nodiscard]] Facts current_facts();

    state::Paths paths_;
    std::mutex mutex_; // guards the two below
    std::string config_of_;
    std::shared_ptr<const config::Config> config_;
};

} // namespace vectis::health
