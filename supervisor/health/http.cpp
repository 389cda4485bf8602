#include "health/http.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <charconv>

namespace vectis::health {

namespace {

constexpr std::size_t most_headers = 100;
constexpr std::size_t most_lines = 20'000;

} // namespace

std::optional<std::string> HttpHead::cookie(const std::string& name) const {
    std::optional<std::string> found;
    for (const auto& each : cookies) {
        if (each.starts_with(name + "="))
            found = each.substr(name.size() + 1);
    }
    return found;
}

HttpHead read_head(Incoming& in) {
    HttpHead head;
    const std::string first = in.line();
    // HTTP/1.1 200 OK
    const char* status = first.data() + 9;
    if (!first.starts_with("HTTP/1.") || first.size() < 12 ||
        std::from_chars(status, status + 3, head.status).ptr != status + 3)
        throw Error(Code::unavailable, fmt::format("cannot understand {}: its HTTP answer begins with '{}'",
                                                   in.peer().text(), printable(first.substr(0, 80))));
    for (std::size_t count = 0; count < most_headers; ++count) {
        const std::string line = in.line();
        if (line.empty())
            return head;
        const auto colon = line.find(':');
        const std::string name = lower_ascii(line.substr(0, colon));
        const std::string value(colon == std::string::npos ? "" : trim(std::string_view(line).substr(colon + 1)));
        if (name == "location")
            head.location = value;
        if (name == "set-cookie")
            head.cookies.push_back(value.substr(0, value.find(';')));
    }
    throw Error(Code::unavailable,
                fmt::format("cannot understand {}: over {} headers", in.peer().text(), most_headers));
}

Http::Http(Peer peer, std::string name, Deadline deadline) :
    name_(std::move(name)), connection_(std::move(peer), deadline) {
    connection_.start_tls(name_);
}

HttpHead Http::request(const std::string& target, const std::vector<std::string>& cookies, const std::string& form) {
    std::string text = fmt::format("{} {} HTTP/1.0\r\nHost: {}\r\nUser-Agent: vectis-probe\r\n",
                                   form.empty() ? "GET" : "POST", target, name_);
    if (!cookies.empty())
        text += fmt::format("Cookie: {}\r\n", join(cookies, "; "));
    if (!form.empty())
        text += fmt::format("Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n", form.size());
    connection_.write(text + "\r\n" + form);
    return read_head(connection_);
}

std::string Http::text_after(const std::string& before) {
    for (std::size_t count = 0; count < most_lines; ++count) {
        const std::string line = connection_.line();
        const auto at = line.find(before);
        if (at == std::string::npos)
            continue;
        const auto start = at + before.size();
        return line.substr(start, line.find('"', start) - start);
    }
    throw Error(Code::unavailable, fmt::format("cannot find '{}' in what {} says", before, connection_.peer().text()));
}

std::string form_encoded(std::string_view text) {
    std::string encoded;
    for (const char each : text) {
        const bool plain = (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z') || (each >= '0' && each <= '9');
        encoded += plain ? std::string(1, each) : fmt::format("%{:02X}", static_cast<unsigned char>(each));
    }
    return encoded;
}

} // namespace vectis::health
