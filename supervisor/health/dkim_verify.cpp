#include "health/dkim_verify.hpp"

#include "base/base64.hpp"
#include "base/text.hpp"
#include "keys/openssl.hpp"

#include <fmt/format.h>
#include <openssl/sha.h>

#include <algorithm>
#include <map>
#include <stdexcept>
#include <utility>

namespace vectis::health {

namespace {

/// Why a signature does not count.
struct Invalid : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct Field {
    std::string name; // in lower case
    std::string raw;  // the whole field with its folds, without the last line break
};

struct Message {
    std::vector<Field> fields;
    std::vector<std::string_view> body; // lines without their breaks
};

using Tags = std::map<std::string, std::string>;

bool is_blank(char each) {
    return each == ' ' || each == '\t';
}

/// Splits off the first line of `rest`, without its break.
std::string_view take_line(std::string_view& rest) {
    const auto end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    if (line.ends_with('\r'))
        line.remove_suffix(1);
    return line;
}

Message parse(std::string_view text) {
    Message message;
    while (!text.empty()) {
        const std::string_view line = take_line(text);
        if (line.empty())
            break;
        if (is_blank(line.front()) && !message.fields.empty()) {
            message.fields.back().raw.append("\r\n").append(line);
        } else {
            const auto colon = line.find(':');
            message.fields.push_back({lower_ascii(trim(line.substr(0, colon))), std::string(line)});
        }
    }
    while (!text.empty())
        message.body.push_back(take_line(text));
    return message;
}

/// Runs of white space become one space, none at the end (RFC 6376 section 3.4).
std::string collapse(std::string_view line) {
    std::string text;
    bool blank = false;
    for (const char each : line) {
        if (is_blank(each)) {
            blank = true;
            continue;
        }
        if (std::exchange(blank, false))
            text += ' ';
        text += each;
    }
    return text;
}

/// RFC 6376 section 3.4.2.
std::string relaxed(const Field& field) {
    const auto colon = field.raw.find(':');
    std::string value = colon == std::string::npos ? "" : field.raw.substr(colon + 1);
    std::erase_if(value, [](char each) { return each == '\r' || each == '\n'; });
    return field.name + ":" + std::string(trim(collapse(value)));
}

/// RFC 6376 section 3.4.4.
std::string relaxed_body(const Message& message) {
    std::string text;
    std::size_t empty = 0;
    for (const auto line : message.body) {
        const std::string each = collapse(line);
        if (each.empty()) {
            ++empty;
            continue;
        }
        for (; empty > 0; --empty)
            text += "\r\n";
        text += each + "\r\n";
    }
    return text;
}

std::string digest(std::string_view bytes) {
    std::string hash(SHA256_DIGEST_LENGTH, '\0');
    SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
           reinterpret_cast<unsigned char*>(hash.data()));
    return hash;
}

/// tag=value; tag=value (RFC 6376 section 3.2). A tag that stands twice makes the list invalid.
Tags parse_tags(std::string_view text) {
    Tags tags;
    for (const auto& part : split(text, ';')) {
        if (trim(part).empty())
            continue;
        const auto equals = part.find('=');
        if (equals == std::string::npos)
            throw Invalid(fmt::format("'{}' is no tag=value", printable(trim(part))));
        const std::string name(trim(std::string_view(part).substr(0, equals)));
        if (!tags.emplace(name, trim(std::string_view(part).substr(equals + 1))).second)
            throw Invalid(fmt::format("tag {}= stands there twice", printable(name)));
    }
    return tags;
}

std::string_view value_of(const Field& field) {
    const auto colon = field.raw.find(':');
    return colon == std::string::npos ? std::string_view{} : std::string_view(field.raw).substr(colon + 1);
}

const std::string& required(const Tags& tags, const std::string& name) {
    const auto found = tags.find(name);
    if (found == tags.end() || found->second.empty())
        throw Invalid(fmt::format("it has no {}=", name));
    return found->second;
}

std::string bytes_of(const Tags& tags, const std::string& name) {
    const auto bytes = from_base64(required(tags, name));
    if (!bytes)
        throw Invalid(fmt::format("{}= is no base64", name));
    return *bytes;
}

/// The field with the value of its b= tag taken out, everything else untouched (RFC 6376 section 3.5).
Field without_signature(const Field& field) {
    const auto colon = field.raw.find(':');
    std::size_t start = colon + 1;
    while (start < field.raw.size()) {
        const std::size_t end = std::min(field.raw.find(';', start), field.raw.size());
        const std::string_view part = std::string_view(field.raw).substr(start, end - start);
        const auto equals = part.find('=');
        if (equals != std::string_view::npos && trim(part.substr(0, equals)) == "b")
            return {field.name, field.raw.substr(0, start + equals + 1) + field.raw.substr(end)};
        start = end + 1;
    }
    return field;
}

/// What h= names, each from the bottom up, a name that is not there standing for nothing (RFC 6376 section 5.4.2).
std::string signed_headers(const Message& message, const Field& signature, const std::string& names) {
    std::map<std::string, std::size_t> taken;
    std::string text;
    bool from = false;
    for (const auto& part : split(names, ':')) {
        const std::string name = lower_ascii(trim(part));
        from = from || name == "from";
        std::size_t skip = taken[name]++;
        for (auto field = message.fields.rbegin(); field != message.fields.rend(); ++field) {
            if (field->name != name || skip-- != 0)
                continue;
            text += relaxed(*field) + "\r\n";
            break;
        }
    }
    if (!from)
        throw Invalid("h= does not name From");
    return text + relaxed(without_signature(signature));
}

keys::PrivateKey public_key(const std::string& record, std::string_view type) {
    const Tags tags = parse_tags(record);
    const auto stated = tags.find("k");
    if ((stated == tags.end() ? "rsa" : stated->second) != type)
        throw Invalid(fmt::format("the published key is not of type {}", type));
    const std::string bytes = bytes_of(tags, "p");
    const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
    keys::PrivateKey key(type == "rsa" ? d2i_PUBKEY(nullptr, &data, static_cast<long>(bytes.size()))
                                       : EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, data, bytes.size()));
    if (key == nullptr)
        throw Invalid(fmt::format("the published key cannot be read: {}", keys::openssl_error()));
    if (type == "rsa" && EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA)
        throw Invalid("the published key says it is of type rsa, and is not");
    return key;
}

struct ContextDelete {
    void operator()(EVP_MD_CTX* each) const noexcept { EVP_MD_CTX_free(each); }
};

bool signature_fits(EVP_PKEY* key, bool rsa, const std::string& text, const std::string& signature) {
    const std::unique_ptr<EVP_MD_CTX, ContextDelete> context(EVP_MD_CTX_new());
    // RFC 8463 section 3: Ed25519 signs the SHA-256 of the text.
    const std::string input = rsa ? text : digest(text);
    if (context == nullptr ||
        EVP_DigestVerifyInit(context.get(), nullptr, rsa ? EVP_sha256() : nullptr, nullptr, key) != 1)
        throw Invalid(fmt::format("OpenSSL refuses to verify: {}", keys::openssl_error()));
    const int fits =
        EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                         reinterpret_cast<const unsigned char*>(input.data()), input.size());
    ERR_clear_error();
    return fits == 1;
}

void verify(const Message& message, const Field& field, const DkimRecords& records, DkimSignature& found) {
    const Tags tags = parse_tags(value_of(field));
    const auto optional = [&](const std::string& name) {
        const auto tag = tags.find(name);
        return tag == tags.end() ? std::string() : tag->second;
    };
    found.domain = lower_ascii(optional("d"));
    found.selector = optional("s");
    found.algorithm = optional("a");
    if (required(tags, "v") != "1")
        throw Invalid("v= is not 1");
    const bool rsa = found.algorithm == "rsa-sha256";
    if (!rsa && found.algorithm != "ed25519-sha256")
        throw Invalid(fmt::format("a={} is neither rsa-sha256 nor ed25519-sha256", printable(found.algorithm)));
    if (optional("c") != "relaxed/relaxed")
        throw Invalid(fmt::format("c={} is not relaxed/relaxed", printable(optional("c"))));
    if (tags.contains("l"))
        throw Invalid("l= leaves a part of the body unsigned");
    const auto record = records(required(tags, "d"), required(tags, "s"));
    if (!record)
        throw Invalid("there is no such key");
    if (bytes_of(tags, "bh") != digest(relaxed_body(message)))
        throw Invalid("the body is not what was signed");
    const auto key = public_key(*record, rsa ? "rsa" : "ed25519");
    if (!signature_fits(key.get(), rsa, signed_headers(message, field, required(tags, "h")), bytes_of(tags, "b")))
        throw Invalid("the signature does not fit the key and the header");
    found.valid = true;
}

} // namespace

std::vector<DkimSignature> verify_dkim(std::string_view message, const DkimRecords& records) {
    const Message parsed = parse(message);
    std::vector<DkimSignature> signatures;
    for (const auto& field : parsed.fields) {
        if (field.name != "dkim-signature")
            continue;
        DkimSignature& found = signatures.emplace_back();
        try {
            verify(parsed, field, records, found);
        } catch (const Invalid& invalid) {
            found.why = invalid.what();
        }
    }
    return signatures;
}

} // namespace vectis::health
