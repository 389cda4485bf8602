// read_inbound() takes any message without a crash and within its bounds; all it says of one is UTF-8, and both
// payloads can be told of it.
#include "base/json.hpp"
#include "base/text.hpp"
#include "mail/inbound_message.hpp"
#include "mail/inbound_payload.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace vectis;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto content = mail::read_inbound({reinterpret_cast<const char*>(data), size}, "mail.example.test");
    const auto expect_utf8 = [](const std::string& text) {
        if (!is_utf8(text) || text.find('\0') != std::string::npos)
            std::abort();
    };
    for (const auto& [name, value] : content.headers) {
        expect_utf8(name);
        expect_utf8(value);
    }
    for (const auto* text :
         {&content.subject, &content.message_id, &content.text, &content.html, &content.stripped_text})
        expect_utf8(*text);
    if (content.from) {
        expect_utf8(content.from->name);
        expect_utf8(content.from->email);
    }
    for (const auto& file : content.attachments) {
        expect_utf8(file.filename);
        expect_utf8(file.content_id);
        if (file.filename.find('/') != std::string::npos || file.content_type.find('/') == std::string::npos)
            std::abort();
    }
    mail::Arrival arrival;
    arrival.link_key = std::string(64, 'k');
    for (const auto& payload : {mail::native_payload(content, arrival), mail::postmark_payload(content, arrival)}) {
        if (parse_json(to_text(payload)) != payload) // what is no UTF-8 would be replaced
            std::abort();
    }
    return 0;
}
