// How a value is written into a daemon's file so that the daemon reads back exactly that value. Every {{value}} of a
// template passes here; a value that cannot be carried is refused, never altered.
#pragma once

#include <cstdint>
#include <string>

namespace vectis::render {

enum class Quoting : std::uint8_t {
    main_cf, // `name = value` of Postfix: a dollar is doubled, a blank at either end would be lost
    plain,   // a word of a Postfix lookup table: nothing is special but a blank at either end
    dovecot, // an unquoted value of Dovecot 2.3, which cannot carry quotes, comments and variables
    quoted,  // inside the double quotes of Rspamd's UCL, of Lua, nginx or PHP
};

/// Throws Error(invalid_input) if `value` has a control character, is not UTF-8, or has no form in this file.
[[nodiscard]] std::string quote(Quoting quoting, const std::string& value);

/// Throws Error(invalid_input) if `value` has a control character or is not UTF-8: it could begin a line of its own.
void require_printable(const std::string& value);

} // namespace vectis::render
