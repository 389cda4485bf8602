#include "base/base64.hpp"

#include <openssl/evp.h>

#include <algorithm>

namespace vectis {

std::string base64(std::string_view bytes) {
    std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
    const int length =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                        reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(length));
    return text;
}

std::optional<std::string> from_base64(std::string_view text) {
    std::string dense;
    for (const char each : text) {
        if (each != ' ' && each != '\t' && each != '\r' && each != '\n')
            dense += each;
    }
    const std::size_t padding = dense.ends_with("==") ? 2 : dense.ends_with("=") ? 1 : 0;
    // OpenSSL takes a '-' for the end of the text and '=' anywhere for zeros.
    if (dense.empty() || dense.size() % 4 != 0 || dense.find('=') < dense.size() - padding ||
        dense.find('-') != std::string::npos)
        return std::nullopt;
    std::string bytes(dense.size() / 4 * 3, '\0');
    if (EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                        reinterpret_cast<const unsigned char*>(dense.data()), static_cast<int>(dense.size())) < 0)
        return std::nullopt;
    bytes.resize(bytes.size() - padding);
    return bytes;
}

std::string base64url(std::string_view bytes) {
    std::string text = base64(bytes);
    std::replace(text.begin(), text.end(), '+', '-');
    std::replace(text.begin(), text.end(), '/', '_');
    text.erase(text.find_last_not_of('=') + 1);
    return text;
}

std::optional<std::string> from_base64url(std::string_view text) {
    if (text.find_first_of("+/=") != std::string_view::npos)
        return std::nullopt;
    std::string plain(text);
    std::replace(plain.begin(), plain.end(), '-', '+');
    std::replace(plain.begin(), plain.end(), '_', '/');
    plain.append((4 - plain.size() % 4) % 4, '=');
    return from_base64(plain);
}

} // namespace vectis
