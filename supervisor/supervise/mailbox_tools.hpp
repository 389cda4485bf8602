// What Dovecot's doveadm(1) knows of one mailbox: how full it is, and its Sieve scripts.
#pragma once

#include "systemd/service.hpp"

#include <string>

namespace vectis::supervise {

/// {"bytes", "messages"}. Error(conflict) if the mailbox is suspended.
[[nodiscard]] Json mailbox_use(const std::string& address);

/// [{"name", "active"}].
[[nodiscard]] Json sieve_scripts(const std::string& address);
/// Error(not_found) if there is none of that name.
[[nodiscard]] std::string sieve_script(const std::string& address, const std::string& name);
/// Makes it or puts it in place of the one of that name. Error(invalid_input) with what Dovecot's compiler says of it.
void put_sieve_script(const std::string& address, const std::string& name, const std::string& script);
/// Error(conflict) if it is active and shall be removed.
void act_on_sieve_script(const std::string& address, const std::string& name, systemd::SieveAction action);

} // namespace vectis::supervise
