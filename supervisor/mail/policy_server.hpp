// Answers Postfix's smtpd when it asks whether a message may be sent (its policy delegation protocol,
// SMTPD_POLICY_README) on a socket that systemd listens on. Each smtpd keeps its connection: one thread has them all.
#pragma once

#include "base/unique_fd.hpp"

#include <functional>
#include <map>
#include <stop_token>
#include <string>

namespace vectis::mail {

class PolicyServer {
  public:
    using Attributes = std::map<std::string, std::string>;

    struct Decide {
        /// What Postfix is to do: "DUNNO", or an action of access(5).
        std::function<std::string(const Attributes& asked)> action;
        /// Hears what it has thrown; Postfix goes on as if it had not asked.
        std::function<void(const std::string&)> log;
    };

    PolicyServer(UniqueFd listening, Decide decide) : listening_(std::move(listening)), decide_(std::move(decide)) {}

    /// Returns soon after it is asked to stop.
    void run(const std::stop_token& stop);

  private:
    [[nodiscard]] std::string answer(const std::string& request) const;

    UniqueFd listening_;
    Decide decide_;
};

} // namespace vectis::mail
