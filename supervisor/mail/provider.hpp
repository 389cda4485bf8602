// Who received a message, as far as its mail server's name says.
#pragma once

#include <string>
#include <string_view>

namespace vectis::mail {

/// The domain under which the server that answered is registered, by the Public Suffix List: google.com of
/// "gmail-smtp-in.l.google.com[142.250.102.26]:25". A server without a name is its address; what did not leave this
/// host is "local". Empty: nobody answered ("none"). `relay` is as Postfix logs it.
[[nodiscard]] std::string provider(std::string_view relay);

} // namespace vectis::mail
