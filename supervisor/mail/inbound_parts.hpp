// The parts of a message that came in: what is to be read, and the files. Pure; the octets are strangers'.
#pragma once

#include "mail/inbound_message.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace vectis::mail {

struct InboundParts {
    std::string text; // lines end with LF
    std::string html;
    std::vector<InboundFile> attachments;
    bool truncated = false;
};

/// The texts of a message, joined, and everything else as files: a message in it, a calendar, a signature, too.
[[nodiscard]] InboundParts read_parts(std::string_view message);

} // namespace vectis::mail
