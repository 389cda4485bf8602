// What Vectis itself has to tell the people who look after a domain: a message like any other, followed to its end.
#pragma once

#include "store/messages.hpp"

#include <string>
#include <vector>

namespace vectis::mail {

struct Notice {
    std::string domain; // one of this server's; its postmaster writes
    std::vector<std::string> to;
    std::string subject;
    std::string text;
};

/// Within a transaction: it goes out like what programs send. An address that no message can carry gets none.
void send_notice(store::Messages& messages, const Notice& notice, const std::string& at);

} // namespace vectis::mail
