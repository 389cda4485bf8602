#include "render/quoting.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <string_view>

namespace vectis::render {

namespace {

void refuse(const std::string& value, std::string_view characters, std::string_view daemon) {
    if (const auto found = value.find_first_of(characters); found != std::string::npos)
        throw Error(Code::invalid_input,
                    fmt::format("cannot write '{}' for {}: it has '{}'", printable(value), daemon,
                                printable(value.substr(found, 1))),
                    "choose a value without it");
}

std::string with_prefix(const std::string& value, std::string_view special, char prefix) {
    std::string text;
    for (const char each : value) {
        if (special.find(each) != std::string_view::npos)
            text += prefix;
        text += each;
    }
    return text;
}

} // namespace

void require_printable(const std::string& value) {
    // No message shows the value: it may be a secret.
    if (!is_utf8(value))
        throw Error(Code::invalid_input, "cannot render a value that is not UTF-8");
    if (has_control(value))
        throw Error(Code::invalid_input, "cannot render a value with a line break or another control character",
                    "take it out of config.yaml or secrets.yaml");
}

std::string quote(Quoting quoting, const std::string& value) {
    require_printable(value);
    if (quoting != Quoting::quoted && trim(value) != value)
        throw Error(Code::invalid_input, "cannot render a value that starts or ends with a blank");
    switch (quoting) {
    case Quoting::main_cf:
        return with_prefix(value, "$", '$');
    case Quoting::plain:
        return value;
    case Quoting::dovecot:
        refuse(value, "\"'#$%{}<>\\", "Dovecot");
        return value;
    case Quoting::quoted:
        refuse(value, "$", "Rspamd, nginx or PHP");
        return with_prefix(value, "\"\\", '\\');
    }
    throw Error(Code::internal, "no such quoting");
}

} // namespace vectis::render
