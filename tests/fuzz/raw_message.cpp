// Whatever comes as a message: it is refused, or what is sent of it has one reading, and reads the same again.
#include "base/error.hpp"
#include "base/text.hpp"
#include "mail/raw.hpp"

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <set>

using namespace vectis;

namespace {

void expect(bool holds) {
    if (!holds)
        std::abort();
}

std::optional<mail::RawMessage> read(std::string_view bytes) {
    try {
        return mail::read_raw(bytes, "new", Time());
    } catch (const Error& error) {
        expect(error.code() == Code::invalid_input);
        return std::nullopt;
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto found = read({reinterpret_cast<const char*>(data), size});
    if (!found)
        return 0;
    const std::string& message = found->message;
    expect(message.ends_with("\r\n") && message.find("\r\n\r\n") != std::string::npos);
    bool in_header = true;
    for (auto& line : split(message, '\n')) {
        if (line.empty())
            continue; // behind the last one
        expect(line.back() == '\r');
        line.pop_back();
        expect(line.size() <= 998 && line.find_first_of(std::string_view("\r\0", 2)) == std::string::npos);
        in_header = in_header && !line.empty();
        for (const auto* gone : {"bcc:", "dkim-signature:", "return-path:", "resent-"})
            expect(!in_header || !lower_ascii(line).starts_with(gone));
    }
    expect(!found->from.empty() && !has_control(found->subject) && !has_control(found->message_id));
    expect(std::set(found->recipients.begin(), found->recipients.end()).size() == found->recipients.size());
    for (const auto& each : found->recipients)
        expect(each.find_first_of(" ,<>\"\r\n") == std::string::npos);
    // Without Bcc there may be nobody left; else everything is as it was.
    if (const auto again = read(message))
        expect(again->message == message && again->from == found->from && again->message_id == found->message_id &&
               again->recipients.size() <= found->recipients.size());
    return 0;
}
