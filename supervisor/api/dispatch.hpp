// From a request to its answer: which route it is, whether the caller may use it, its handler, its faults.
#pragma once

#include "api/call.hpp"
#include "api/rate.hpp"

namespace vectis::api {

class Dispatch {
  public:
    explicit Dispatch(Services services) : services_(std::move(services)) {}

    /// Any thread may call it; it throws nothing.
    [[nodiscard]] Response operator()(Request& request);

  private:
    [[nodiscard]] Response answer(Request& request, RateLimits::Verdict& rate);
    /// As the service that the path names (surface/fronts), to whoever shows a key as its programs do.
    [[nodiscard]] Response answer_as_another(Request& request, const std::string& token,
                                             const std::optional<Credential>& credential);

    Services services_;
    RateLimits limits_;
};

} // namespace vectis::api
