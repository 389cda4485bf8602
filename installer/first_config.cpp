#include "base/error.hpp"
#include "base/text.hpp"
#include "installer/setup.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vectis::installer {

namespace {

std::string after(const std::string& text, char separator) {
    const auto at = text.find(separator);
    return at == std::string::npos ? std::string() : text.substr(at + 1);
}

/// A YAML scalar that can be nothing but a text.
std::string quoted_scalar(const std::string& text) {
    std::string quoted = "'";
    for (const char each : text)
        quoted += each == '\'' ? std::string("''") : std::string(1, each);
    return quoted + "'";
}

std::string domains_section(const std::string& hostname, const std::string& admin, const std::string& password_hash) {
    const std::string domain = after(admin, '@');
    if (domain.empty() || !hostname.ends_with("." + domain))
        return "# The domains that receive mail here, for example\n"
               "# domains:\n"
               "#   - name: example.org\n"
               "#     mailboxes:\n"
               "#       - name: anna\n"
               "#         password_hash: '...'  # what 'vectis hash-password' prints\n"
               "domains: []\n";
    return fmt::format("# The domains that receive mail here\n"
                       "domains:\n"
                       "  - name: {}\n"
                       "    mailboxes:\n"
                       "      - name: {}\n"
                       "        # What 'vectis hash-password' prints\n"
                       "        password_hash: '{}'\n",
                       quoted_scalar(domain), quoted_scalar(admin.substr(0, admin.find('@'))), password_hash);
}

} // namespace

Guesses guesses(const std::string& system_name, const std::string& hostname) {
    Guesses found;
    const bool local = system_name.ends_with(".localdomain") || system_name.ends_with(".local");
    if (system_name.find('.') != std::string::npos && !local)
        found.hostname = system_name;
    // mail.example.org is for example.org; of example.org itself, org is nobody's mail domain.
    const std::string parent = after(hostname, '.');
    if (parent.find('.') != std::string::npos)
        found.admin = "admin@" + parent;
    return found;
}

std::string first_config(const std::string& example, const std::string& hostname, const std::string& admin,
                         const std::string& password_hash) {
    std::string text;
    bool named = false;
    bool administered = false;
    for (const auto& line : split(example, '\n')) {
        if (line.starts_with("domains:")) {
            // Its comment goes with it.
            while (true) {
                const auto start = text.rfind('\n', text.size() - 2);
                if (text.size() < 2 || !text.substr(start + 1).starts_with("#"))
                    break;
                text.resize(start + 1);
            }
            break;
        }
        if (line.starts_with("hostname:")) {
            text += fmt::format("hostname: {}\n", quoted_scalar(hostname));
            named = true;
        } else if (line.starts_with("admin:")) {
            text += fmt::format("admin: {}\n", quoted_scalar(admin));
            administered = true;
        } else {
            text += line + "\n";
        }
    }
    if (!named || !administered)
        throw Error(Code::internal, "cannot write config.yaml: the example has no hostname or no admin");
    return text + domains_section(hostname, admin, password_hash);
}

} // namespace vectis::installer
