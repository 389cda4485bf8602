// certificate_info() takes any bytes without a crash, as they are or as the DER inside a PEM text; what it says of a
// certificate can be printed.
#include "keys/certificate.hpp"

#include "base/base64.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

using namespace vectis;

namespace {

std::string pem(std::string_view der) {
    std::string text = "-----BEGIN CERTIFICATE-----\n";
    for (std::string encoded = base64(der); !encoded.empty(); encoded.erase(0, 64))
        text += encoded.substr(0, 64) + "\n";
    return text + "-----END CERTIFICATE-----\n";
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    try {
        const auto info = keys::certificate_info(input.starts_with("-----") ? std::string(input) : pem(input));
        for (const auto& name : info.names) {
            if (has_control(name))
                std::abort();
        }
        if (has_control(info.issuer))
            std::abort();
        static_cast<void>(info.covers("mail.example.test"));
        static_cast<void>(rfc3339(info.not_before) + rfc3339(info.not_after));
    } catch (const Error& error) {
        if (error.code() != Code::invalid_input)
            std::abort();
    }
    return 0;
}
