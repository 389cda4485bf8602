// Whatever a draft is made of: it has faults, or its message has the fields it should have, in lines that every server
// takes. The input's lines fill the fields in turn; its last one fills the bodies.
#include "base/text.hpp"
#include "mail/compose.hpp"

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
    std::string rest(reinterpret_cast<const char*>(data), size);
    const auto next = [&] {
        const auto end = rest.find('\n');
        std::string line = rest.substr(0, end);
        rest = end == std::string::npos ? "" : rest.substr(end + 1);
        // A line end of its own can be written, too.
        for (auto at = line.find("\\n"); at != std::string::npos; at = line.find("\\n", at))
            line.replace(at, 2, "\r\n");
        return line;
    };
    mail::Draft draft;
    draft.from = {.email = "a@example.test", .name = next()};
    draft.to = {{.email = next(), .name = next()}};
    draft.cc = {{.email = "b@example.test", .name = next()}};
    draft.subject = next();
    draft.headers.emplace_back("X-" + next(), next());
    draft.list_unsubscribe = mail::Unsubscribe{.url = next(), .mailto = next()};
    draft.attachments.push_back({.filename = next(), .content_type = next(), .content = "", .content_id = next()});
    draft.attachments.back().is_inline = !draft.attachments.back().content_id.empty();
    draft.text = draft.html = draft.attachments.back().content = rest;
    if (!mail::faults(draft).empty())
        return 0;
    const std::string message = mail::compose(draft, "<1@example.test>", Time());
    std::size_t count = 0;
    bool in_header = true;
    for (auto& line : split(message, '\n')) {
        if (line.empty())
            continue; // behind the last one
        expect(line.back() == '\r');
        line.pop_back();
        expect(line.size() <= 998);
        for (const char each : line)
            expect(each == '\t' || (each >= 0x20 && each < 0x7F));
        in_header = in_header && !line.empty();
        count += in_header && !line.starts_with(' ') ? 1 : 0;
    }
    constexpr std::size_t expected =
        10; // From To Cc Subject Date Message-ID List-Unsubscribe X- MIME-Version Content-Type
    expect(count == expected);
    return 0;
}
