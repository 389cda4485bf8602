// A server's words from a text, some bytes at a time, so that lines are cut anywhere.
#pragma once

#include "base/error.hpp"
#include "health/incoming.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace vectis::test {

class Given : public health::Incoming {
  public:
    Given(std::string_view bytes, std::size_t at_a_time) :
        Incoming({"192.0.2.1", 25, ""}), rest_(bytes), at_a_time_(at_a_time) {}

    [[nodiscard]] std::string_view rest() const { return rest_; }

  private:
    std::string receive() override {
        if (rest_.empty())
            throw Error(Code::unavailable, "the end");
        const std::string part(rest_.substr(0, at_a_time_));
        rest_.remove_prefix(part.size());
        return part;
    }

    std::string_view rest_;
    std::size_t at_a_time_;
};

} // namespace vectis::test
