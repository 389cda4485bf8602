// A URL: whatever comes, it is judged, and one that is let in says the same to libcurl's reader as to ours: nobody is
// connected whom we have not judged.
#include "base/text.hpp"
#include "web/address.hpp"
#include "web/url.hpp"

#include <curl/curl.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <string>

namespace {

using vectis::web::WebUrl;

struct HandleDelete {
    void operator()(CURLU* each) const noexcept { curl_url_cleanup(each); }
};

std::string part_of(CURLU* handle, CURLUPart part) {
    char* text = nullptr;
    if (curl_url_get(handle, part, &text, 0) != CURLUE_OK)
        return {};
    std::string copy = text;
    curl_free(text);
    return copy;
}

void must(bool holds) {
    if (!holds)
        std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    constexpr std::array<std::uint16_t, 3> ports{80, 443, 8443};
    const std::string_view text(reinterpret_cast<const char*>(data), size); // NOLINT: bytes are what it is about
    const auto read = vectis::web::read_web_url(text, ports);
    if (const auto* problem = std::get_if<vectis::Problem>(&read)) {
        must(!problem->what.empty() && !vectis::has_control(problem->what) && !vectis::has_control(problem->hint));
        return 0;
    }
    const auto& url = std::get<WebUrl>(read);
    const std::unique_ptr<CURLU, HandleDelete> handle(curl_url());
    must(curl_url_set(handle.get(), CURLUPART_URL, url.text().c_str(), CURLU_PATH_AS_IS) == CURLUE_OK);
    must(part_of(handle.get(), CURLUPART_SCHEME) == (url.tls ? "https" : "http"));
    must(part_of(handle.get(), CURLUPART_HOST) == url.host_in_url());
    must(part_of(handle.get(), CURLUPART_PORT) == std::to_string(url.port));
    must(part_of(handle.get(), CURLUPART_USER).empty() && part_of(handle.get(), CURLUPART_FRAGMENT).empty());
    const auto query = url.target.find('?');
    must(part_of(handle.get(), CURLUPART_PATH) == url.target.substr(0, query));
    if (url.address)
        static_cast<void>(vectis::web::closed_network(*url.address));
    // What was read once reads the same again.
    const auto again = vectis::web::read_web_url(url.text(), ports);
    const auto* same = std::get_if<WebUrl>(&again);
    must(same != nullptr && same->text() == url.text() && same->address == url.address);
    return 0;
}
