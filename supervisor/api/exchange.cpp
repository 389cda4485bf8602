#include "api/exchange.hpp"

#include "api/answer.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <limits>
#include <utility>

namespace vectis::api {

namespace {

/// From the head's last byte to the answer's last byte.
constexpr std::chrono::seconds request_limit{60};

/// The connection whose request this thread answers: the library has no place to hand it through.
thread_local Connection* current = nullptr;

/// The whole body, read through the library.
class Body {
  public:
    Body(const Framing& framing, const httplib::ContentReader* reader) : framing_(framing), reader_(reader) {}

    /// Whether nothing of it is left on the connection.
    [[nodiscard]] bool read() const { return read_; }

    std::string take(std::size_t most) {
        std::string body;
        if (!begin(most))
            return body;
        bool fits = true;
        const bool whole = (*reader_)([&](const char* bytes, std::size_t size) {
            fits = body.size() + size <= most;
            if (fits)
                body.append(bytes, size);
            return fits;
        });
        if (!fits)
            throw too_large(most);
        if (!whole || body.size() < framing_.length)
            throw HttpError{400, "malformed", "the body breaks off, or came too slowly", {}, {}};
        read_ = true;
        return body;
    }

    std::vector<FormPart> take_form(std::size_t most) {
        std::vector<FormPart> parts;
        if (!begin(most))
            return parts;
        bool fits = true;
        const bool whole = (*reader_)(
            [&](const httplib::MultipartFormData& part) {
                fits = parts.size() < most_parts;
                if (fits)
                    parts.push_back({.name = part.name,
                                     .content = {},
                                     .filename = part.filename,
                                     .content_type = part.content_type});
                return fits;
            },
            [&](const char* bytes, std::size_t size) {
                parts.back().content.append(bytes, size);
                return true;
            });
        if (!fits)
            throw HttpError{413, "too_large", fmt::format("the form has more than {} parts", most_parts), {}, {}};
        if (!whole)
            throw HttpError{400, "malformed", "the body is no form, breaks off, or came too slowly", {}, {}};
        read_ = true;
        return parts;
    }

  private:
    static constexpr std::size_t most_parts = 2000;

    /// Whether there is something to read.
    [[nodiscard]] bool begin(std::size_t most) const {
        if (read_ || reader_ == nullptr)
            return false;
        if (framing_.length > most)
            throw too_large(most);
        return true;
    }

    static HttpError too_large(std::size_t most) {
        return {413, "too_large", fmt::format("the body is longer than {} bytes", most), {}, {}};
    }

    const Framing& framing_;
    const httplib::ContentReader* reader_;
    bool read_ = framing_.length == 0;
};

/// The parts of a form, in the way in which it is written.
std::vector<FormPart> form_in(const httplib::Request& in, Body& body, std::size_t most) {
    const std::string type = lower_ascii(in.get_header_value("Content-Type"));
    const std::string_view mime = trim(std::string_view(type).substr(0, type.find(';')));
    // The library's parser wants its boundary, and calls nobody without one.
    if (mime == "multipart/form-data" && type.find("boundary=") != std::string::npos)
        return body.take_form(most);
    if (mime != "application/x-www-form-urlencoded")
        throw HttpError{415,
                        "unsupported_media_type",
                        fmt::format("the body is '{}'", printable(mime.substr(0, 100))),
                        "send a form: multipart/form-data or application/x-www-form-urlencoded",
                        {}};
    std::vector<FormPart> parts;
    for (const auto& pair : split(body.take(most), '&')) {
        const auto equals = pair.find('=');
        if (!pair.empty())
            parts.push_back({.name = httplib::detail::decode_url(pair.substr(0, equals), true),
                             .content = equals == std::string::npos
                                            ? ""
                                            : httplib::detail::decode_url(pair.substr(equals + 1), true),
                             .filename = {},
                             .content_type = {}});
    }
    return parts;
}

/// The answer to a request of which not even the head could be understood; the library never sees it.
std::string refusal(const HeadFault& fault) {
    const std::string id = uuid7();
    const Response response = problem(id, HttpError{fault.status, "malformed", fault.detail, {}, {}});
    return fmt::format("HTTP/1.1 {} Refused\r\nDate: {}\r\nX-Request-Id: {}\r\nContent-Type: {}\r\n"
                       "Content-Length: {}\r\nConnection: close\r\n\r\n{}",
                       response.status, http_date(now()), id, response.type, response.body.size(), response.body);
}

} // namespace

Exchange::Exchange(std::function<Response(Request&)> handler) : handler_(std::move(handler)) {
    set_keep_alive_timeout(Connection::idle_limit.count()); // it says so in its answers
    set_keep_alive_max_count(std::numeric_limits<int>::max());
    // Ours counts what it reads.
    set_payload_max_length(std::numeric_limits<std::size_t>::max());
    const auto bare = [this](const httplib::Request& in, httplib::Response& out) { answer(in, out, nullptr); };
    const auto full = [this](const httplib::Request& in, httplib::Response& out, const httplib::ContentReader& reader) {
        answer(in, out, &reader);
    };
    constexpr auto any = R"([\s\S]*)";
    Get(any, bare);
    Options(any, bare);
    Post(any, full);
    Put(any, full);
    Patch(any, full);
    Delete(any, full);
}

bool Exchange::serve(Connection& connection) {
    if (const auto fault = connection.begin(Clock::now() + request_limit)) {
        connection.write(refusal(*fault));
        static_cast<void>(connection.finish()); // it is closed either way
        return false;
    }
    current = &connection;
    bool closed = false;
    // Later versions are told the addresses, earlier ones ask the stream.
    const auto process = [&](auto& stream) {
        if constexpr (requires { this->process_request(stream, false, closed, nullptr); })
            return this->process_request(stream, false, closed, nullptr);
        else
            return this->process_request(stream, stream.peer().address, 0, "", 0, false, closed, nullptr);
    };
    const bool done = process(connection);
    current = nullptr;
    return connection.finish() && done && !closed;
}

void Exchange::answer(const httplib::Request& in, httplib::Response& out, const httplib::ContentReader* reader) const {
    const Connection& connection = *current;
    Body body(connection.framing(), reader);
    Request request{.id = uuid7(),
                    .peer = connection.peer(),
                    .method = in.method,
                    .path = in.path,
                    .query = {in.params.begin(), in.params.end()},
                    .field = {},
                    .has_body = connection.framing().length > 0,
                    .body = [&](std::size_t most) { return body.take(most); },
                    .form = [&](std::size_t most) { return form_in(in, body, most); }};
    request.field = [&in](const std::string& name) {
        return in.has_header(name) ? std::optional(in.get_header_value(name)) : std::nullopt;
    };
    if (request.peer.door == Door::proxy)
        request.peer.address = request.field("X-Real-IP").value_or("");
    const Response response = handler_(request);
    out.status = response.status;
    out.set_header("Date", http_date(now()));
    for (const auto& [name, value] : response.fields)
        out.set_header(name, value);
    // What the client asked for in so many words, the library answers by itself.
    if ((!body.read() || !connection.framing().keep_alive) && request.field("Connection") != "close")
        out.set_header("Connection", "close");
    out.set_content(response.body, response.type);
}

} // namespace vectis::api
