// The links and pictures that tell what readers do with a message. As those to unsubscribe they are no part of the API:
// nobody who follows one has a credential. They set no cookie, and of whoever asks nothing is kept but what their
// program calls itself.
#pragma once

#include "api/call.hpp"

namespace vectis::api {

/// Where every picture and every link begins.
constexpr std::string_view open_base = "/open/";
constexpr std::string_view click_base = "/click/";

/// A picture of one transparent point, whatever the token is: nobody learns from it which one is good.
[[nodiscard]] Response follow_open(const Services& services, Request& request);
/// /click/TOKEN/NUMBER: leads on to that link of the message, and nowhere else.
[[nodiscard]] Response follow_click(const Services& services, Request& request);

} // namespace vectis::api
