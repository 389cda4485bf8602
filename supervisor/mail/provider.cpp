#include "mail/provider.hpp"

#include "base/text.hpp"

#include <libpsl.h>
#include <memory>

namespace vectis::mail {

namespace {

/// The list of the package publicsuffix, or the one that the library was built with.
const psl_ctx_t* suffixes() {
    static const std::unique_ptr<psl_ctx_t, decltype(&psl_free)> list(psl_latest(nullptr), psl_free);
    return list.get();
}

} // namespace

std::string provider(std::string_view relay) {
    if (relay.empty() || relay == "none")
        return {};
    const auto bracket = relay.find('[');
    const auto end = relay.find(']');
    if (bracket == std::string_view::npos || end == std::string_view::npos || end < bracket)
        return "local"; // Dovecot, a pipe
    const std::string_view address = relay.substr(bracket + 1, end - bracket - 1);
    if (address.find('/') != std::string_view::npos)
        return "local"; // a socket
    const std::string host = lower_ascii(relay.substr(0, bracket));
    if (host.empty() || host == address)
        return std::string(address);
    const char* domain = suffixes() == nullptr ? nullptr : psl_registrable_domain(suffixes(), host.c_str());
    return domain == nullptr ? host : domain;
}

} // namespace vectis::mail
