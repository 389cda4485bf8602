// Whatever HTML is: its links are URLs in the text, in order and apart from each other; what is written in their places
// is found there again, and nothing else changes.
#include "mail/html_links.hpp"

#include "base/text.hpp"
#include "mail/tracking.hpp"

#include <cstdint>
#include <cstdlib>

using namespace vectis;

namespace {

void expect(bool holds) {
    if (!holds)
        std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string html(reinterpret_cast<const char*>(data), size);
    const auto places = mail::places_in(html);
    expect(places.end <= html.size());
    std::size_t behind = 0;
    std::string rest;
    bool has_own = false; // a link to unsubscribe, which nobody follows
    for (const auto& each : places.links) {
        expect(each.at >= behind && each.at + each.length <= html.size() && each.length > 0);
        expect(places.end <= each.at || places.end >= each.at + each.length);
        expect(each.url.size() <= mail::longest_link && lower_ascii(each.url).starts_with("http"));
        for (const char letter : each.url)
            expect(letter > 0x20 && letter < 0x7F && letter != '"' && letter != '<' && letter != '>');
        expect(mail::web_url(each.url) == each.url);
        has_own = has_own || lower_ascii(each.url).starts_with("https://mail.example.test/unsubscribe/");
        rest.append(html, behind, each.at - behind);
        behind = each.at + each.length;
    }
    rest.append(html, behind);
    const auto own = mail::tracked(html, {.opens = false, .clicks = true}, "mail.example.test");
    if (has_own)
        return 0;
    expect(own.has_value() == !places.links.empty());
    if (!own)
        return 0;
    const std::string theirs = mail::html_for(*own, {.recipient = 1, .message = "019dc1a6-6f5e-7a4c-b5c0-3f0b0a1f5d11"},
                                              "0123456789abcdef0123456789abcdef");
    const auto again = mail::places_in(theirs);
    expect(again.links.size() == places.links.size());
    std::string rest_again;
    behind = 0;
    for (const auto& each : again.links) {
        expect(each.url == theirs.substr(each.at, each.length));
        expect(each.url.starts_with("https://mail.example.test/click/"));
        rest_again.append(theirs, behind, each.at - behind);
        behind = each.at + each.length;
    }
    expect(rest_again.append(theirs, behind) == rest);
    // With a picture links stay what they are.
    const auto both = mail::tracked(html, {.opens = true, .clicks = true}, "mail.example.test");
    expect(both && both->links.size() == own->links.size() && both->pixel == places.end);
    return 0;
}
