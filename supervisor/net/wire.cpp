#include "net/wire.hpp"

#include "base/text.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <array>
#include <vector>

namespace vectis::net {

namespace {

/// Takes bytes from the front; every take says whether there were enough.
class Reader {
  public:
    explicit Reader(std::string_view bytes) : bytes_(bytes) {}

    [[nodiscard]] bool empty() const { return bytes_.empty(); }

    std::optional<std::string_view> take(std::size_t count) {
        if (count > bytes_.size())
            return std::nullopt;
        const auto taken = bytes_.substr(0, count);
        bytes_.remove_prefix(count);
        return taken;
    }

    std::optional<unsigned> byte() {
        const auto one = take(1);
        return one ? std::optional<unsigned>(static_cast<unsigned char>(one->front())) : std::nullopt;
    }

    std::string_view rest() { return *take(bytes_.size()); }

  private:
    std::string_view bytes_;
};

std::string hexadecimal(std::string_view bytes) {
    std::string text;
    for (const char each : bytes)
        text += fmt::format("{:02x}", static_cast<unsigned char>(each));
    return text;
}

/// Bytes as a zone file quotes them: anything but printable ASCII as \DDD, the signs of `special` with a backslash.
std::string escaped(std::string_view bytes, std::string_view special) {
    std::string text;
    for (const char each : bytes) {
        const auto value = static_cast<unsigned char>(each);
        if (value <= 0x20 || value >= 0x7F)
            text += fmt::format("\\{:03}", value);
        else if (special.find(each) != std::string_view::npos)
            text += fmt::format("\\{}", each);
        else
            text += each;
    }
    return text;
}

/// A name without compression (libunbound has undone it).
std::optional<std::string> read_name(Reader& in) {
    std::vector<std::string> labels;
    std::size_t total = 0;
    for (;;) {
        const auto length = in.byte();
        if (!length || *length > 63 || (total += *length + 1) > 255)
            return std::nullopt;
        if (*length == 0)
            return labels.empty() ? "." : lower_ascii(join(labels, "."));
        const auto label = in.take(*length);
        if (!label)
            return std::nullopt;
        labels.push_back(escaped(*label, ".\\\"();@$"));
    }
}

std::optional<std::string> whole_name(std::string_view data) {
    Reader in(data);
    auto name = read_name(in);
    return in.empty() ? name : std::nullopt;
}

std::optional<std::string> address(int family, std::size_t size, std::string_view data) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (data.size() != size || inet_ntop(family, data.data(), text.data(), text.size()) == nullptr)
        return std::nullopt;
    return text.data();
}

std::optional<std::string> mail_exchanger(std::string_view data) {
    Reader in(data);
    const auto high = in.byte();
    const auto low = in.byte();
    const auto name = read_name(in);
    if (!high || !low || !name || !in.empty())
        return std::nullopt;
    return fmt::format("{} {}", *high * 256 + *low, *name);
}

std::optional<std::string> service(std::string_view data) {
    Reader in(data);
    std::string text;
    for (int i = 0; i < 3; ++i) { // priority, weight, port
        const auto high = in.byte();
        const auto low = in.byte();
        if (!high || !low)
            return std::nullopt;
        text += fmt::format("{} ", *high * 256 + *low);
    }
    const auto name = read_name(in);
    return name && in.empty() ? std::optional(text + *name) : std::nullopt;
}

std::optional<std::string> joined_strings(std::string_view data) {
    Reader in(data);
    std::string text;
    do {
        const auto length = in.byte();
        const auto part = length ? in.take(*length) : std::nullopt;
        if (!part)
            return std::nullopt;
        text += *part;
    } while (!in.empty());
    return text;
}

std::optional<std::string> certificate_association(std::string_view data) {
    Reader in(data);
    const auto usage = in.byte();
    const auto selector = in.byte();
    const auto matching = in.byte();
    if (!usage || !selector || !matching || in.empty())
        return std::nullopt;
    return fmt::format("{} {} {} {}", *usage, *selector, *matching, hexadecimal(in.rest()));
}

std::optional<std::string> authorization(std::string_view data) {
    Reader in(data);
    const auto flags = in.byte();
    const auto length = in.byte();
    const auto tag = length ? in.take(*length) : std::nullopt;
    if (!flags || !tag || tag->empty())
        return std::nullopt;
    return fmt::format("{} {} \"{}\"", *flags, escaped(*tag, "\"\\"), escaped(in.rest(), "\"\\"));
}

std::optional<std::string> public_key(std::string_view data) {
    return data.size() > 4 ? std::optional(hexadecimal(data)) : std::nullopt;
}

} // namespace

std::optional<std::string> record_value(RecordType type, std::string_view data) {
    switch (type) {
    case RecordType::a:
        return address(AF_INET, 4, data);
    case RecordType::aaaa:
        return address(AF_INET6, 16, data);
    case RecordType::ns:
    case RecordType::cname:
    case RecordType::ptr:
        return whole_name(data);
    case RecordType::mx:
        return mail_exchanger(data);
    case RecordType::srv:
        return service(data);
    case RecordType::txt:
        return joined_strings(data);
    case RecordType::tlsa:
        return certificate_association(data);
    case RecordType::caa:
        return authorization(data);
    case RecordType::dnskey:
        return public_key(data);
    }
    return std::nullopt;
}

std::optional<std::string> reversed_labels(const std::string& address) {
    std::array<unsigned char, 16> bytes{};
    if (inet_pton(AF_INET, address.c_str(), bytes.data()) == 1)
        return fmt::format("{}.{}.{}.{}", bytes[3], bytes[2], bytes[1], bytes[0]);
    if (inet_pton(AF_INET6, address.c_str(), bytes.data()) != 1)
        return std::nullopt;
    std::vector<std::string> nibbles;
    for (std::size_t i = bytes.size(); i-- > 0;) {
        nibbles.push_back(fmt::format("{:x}", bytes[i] & 0x0FU));
        nibbles.push_back(fmt::format("{:x}", bytes[i] >> 4U));
    }
    return join(nibbles, ".");
}

std::optional<std::string> reversed_name(const std::string& address) {
    const auto labels = reversed_labels(address);
    if (!labels)
        return std::nullopt;
    return *labels + (address.find(':') == std::string::npos ? ".in-addr.arpa" : ".ip6.arpa");
}

} // namespace vectis::net
