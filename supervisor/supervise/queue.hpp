// Postfix's queue, for whoever looks after it. Senders, recipients and reasons in it were written by strangers.
#pragma once

#include "base/json.hpp"
#include "systemd/service.hpp"

#include <string>

namespace vectis::supervise {

/// The messages, as `postqueue -j` says them: [{id, queue, arrived_at, size, sender, recipients: [{address, reason}]}].
/// Throws Error(check_failed) if Postfix does not answer.
[[nodiscard]] Json queued_messages();
/// What `postqueue -j` printed, as above.
[[nodiscard]] Json queued_messages_in(const std::string& lines);

/// Does it to one message. Throws Error(not_found) if there is none with this id.
void act_on_message(const std::string& id, systemd::QueueAction action);

} // namespace vectis::supervise
