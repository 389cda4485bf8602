#include "web/connection.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

#include <curl/curl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

namespace vectis::web {

namespace {

constexpr std::size_t longest_head = 32UL * 1024UL;          // status lines and fields of all that answers one request
constexpr const char* system_authorities = "/etc/ssl/certs"; // looked up by hash: to read the bundle takes 10 ms

struct LinesDelete {
    void operator()(curl_slist* each) const noexcept { curl_slist_free_all(each); }
};
using Lines = std::unique_ptr<curl_slist, LinesDelete>;

void add_line(Lines& lines, const std::string& line) {
    curl_slist* longer = curl_slist_append(lines.get(), line.c_str());
    if (longer == nullptr)
        throw std::bad_alloc();
    static_cast<void>(lines.release()); // it is the same list, or there was none
    lines.reset(longer);
}

/// An option that libcurl does not take is one that does not protect.
template<typename Value>
void set_option(CURL* easy, CURLoption option, Value value) {
    if (const CURLcode code = curl_easy_setopt(easy, option, value); code != CURLE_OK)
        throw Error(Code::internal, fmt::format("cannot set option {} of libcurl: {}", static_cast<int>(option),
                                                curl_easy_strerror(code)));
}

Lines request_fields(const WebHeaders& headers) {
    Lines lines;
    bool typed = false;
    for (const auto& [name, value] : headers) {
        // "Name:" would take the field away.
        add_line(lines, trim(value).empty() ? name + ";" : name + ": " + value);
        typed = typed || lower_ascii(name) == "content-type";
    }
    add_line(lines, "Expect:"); // libcurl waits a second for leave to send what is large
    if (!typed)
        add_line(lines, "Content-Type:"); // it would be called a form
    return lines;
}

/// What libcurl's callbacks see of an exchange.
struct Hearing {
    const IpNetwork& address;
    std::uint16_t port;
    std::size_t longest;
    std::string body;
    std::size_t head_bytes = 0;
    bool cut = false;
    bool strayed = false;
};

std::size_t take_head(char*, std::size_t size, std::size_t count, void* pointer) {
    auto& hearing = *static_cast<Hearing*>(pointer);
    hearing.head_bytes += size * count;
    return hearing.head_bytes > longest_head ? 0 : size * count;
}

std::size_t take_body(char* bytes, std::size_t size, std::size_t count, void* pointer) {
    auto& hearing = *static_cast<Hearing*>(pointer);
    const std::size_t kept = std::min(size * count, hearing.longest - hearing.body.size());
    hearing.body.append(bytes, kept);
    hearing.cut = kept < size * count;
    return kept; // fewer than came: libcurl hangs up
}

bool is_place(const curl_sockaddr& place, const IpNetwork& address, std::uint16_t port) {
    if (place.family == AF_INET && !address.ipv6) {
        const auto& four = reinterpret_cast<const sockaddr_in&>(place.addr); // NOLINT: the sockets API's own way
        return ntohs(four.sin_port) == port && std::memcmp(&four.sin_addr, address.bytes.data(), 4) == 0;
    }
    if (place.family == AF_INET6 && address.ipv6) {
        // The structure goes on behind its end for as long as the address is.
        const auto& six = reinterpret_cast<const sockaddr_in6&>(place.addr); // NOLINT
        return ntohs(six.sin6_port) == port && std::memcmp(&six.sin6_addr, address.bytes.data(), 16) == 0;
    }
    return false;
}

/// The last look: libcurl was told where to connect, and here is where it is about to.
curl_socket_t open_judged(void* pointer, curlsocktype, curl_sockaddr* place) {
    auto& hearing = *static_cast<Hearing*>(pointer);
    hearing.strayed = !is_place(*place, hearing.address, hearing.port);
    return hearing.strayed ? CURL_SOCKET_BAD : socket(place->family, place->socktype | SOCK_CLOEXEC, place->protocol);
}

WebFault fault_of(CURLcode code) {
    switch (code) {
    case CURLE_URL_MALFORMAT:
        return WebFault::refused_url;
    case CURLE_COULDNT_RESOLVE_HOST:
        return WebFault::dns;
    case CURLE_COULDNT_CONNECT:
    case CURLE_INTERFACE_FAILED:
        return WebFault::connect;
    case CURLE_OPERATION_TIMEDOUT:
        return WebFault::timeout;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
        return WebFault::tls;
    case CURLE_FAILED_INIT:
    case CURLE_BAD_FUNCTION_ARGUMENT:
        throw Error(Code::internal, fmt::format("cannot use libcurl: {}", curl_easy_strerror(code)));
    default: // CURLE_OUT_OF_MEMORY, too: libcurl 7.88 says it of a line without an end
        return WebFault::protocol;
    }
}

std::map<std::string, std::string> answer_fields(CURL* easy) {
    constexpr int last_request = -1;
    std::map<std::string, std::string> fields;
    for (auto* each = curl_easy_nextheader(easy, CURLH_HEADER, last_request, nullptr); each != nullptr;
         each = curl_easy_nextheader(easy, CURLH_HEADER, last_request, each)) {
        auto [field, first] = fields.emplace(lower_ascii(each->name), each->value);
        if (!first)
            field->second += ", " + std::string(each->value);
    }
    return fields;
}

void set_rules(CURL* easy, const WebOptions& options, const WebLimits& limits) {
    const char* none = nullptr;
    set_option(easy, CURLOPT_NOSIGNAL, 1L); // signals are the whole process's
    set_option(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    set_option(easy, CURLOPT_FOLLOWLOCATION, 0L);
    set_option(easy, CURLOPT_PROXY, ""); // nor one that the environment names
    set_option(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    set_option(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set_option(easy, CURLOPT_HTTP09_ALLOWED, 0L);
    set_option(easy, CURLOPT_PATH_AS_IS, 1L);
    set_option(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2)); // or later
    set_option(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    set_option(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    set_option(easy, CURLOPT_CAINFO, options.ca_file.empty() ? none : options.ca_file.c_str());
    set_option(easy, CURLOPT_CAPATH, options.ca_file.empty() ? system_authorities : none);
    set_option(easy, CURLOPT_MAXCONNECTS, 1L);
    // To libcurl 0 means that there is no limit.
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(limits.deadline - std::chrono::steady_clock::now());
    set_option(easy, CURLOPT_TIMEOUT_MS, std::max<long>(1, left.count()));
    set_option(easy, CURLOPT_CONNECTTIMEOUT_MS, std::max<long>(1, limits.to_connect.count()));
}

/// Once per process; libcurl itself guards it since 7.84.
void start_library() {
    static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (started != CURLE_OK)
        throw Error(Code::unavailable, fmt::format("cannot start libcurl: {}", curl_easy_strerror(started)));
}

} // namespace

void WebConnection::Delete::operator()(void* each) const noexcept {
    curl_easy_cleanup(each);
}

WebConnection::WebConnection(const WebUrl& url, const IpNetwork& address) : origin_(url.origin()), address_(address) {
    start_library();
    easy_.reset(curl_easy_init());
    if (easy_ == nullptr)
        throw std::bad_alloc();
}

bool WebConnection::leads_to(const WebUrl& url, const IpNetwork& address) const {
    return address_ == address && origin_ == url.origin();
}

WebTry WebConnection::post(const WebRequest& request, const WebOptions& options, const WebLimits& limits) {
    CURL* easy = easy_.get();
    Hearing hearing{.address = address_, .port = request.url.port, .longest = options.longest_answer, .body = {}};
    const std::string url = request.url.text();
    const std::string address = address_.text();
    const Lines fields = request_fields(request.headers);
    Lines way; // from any host and port to these, with no lookup; name and port of the URL stay for Host, SNI,
               // certificate
    add_line(way, fmt::format("::{}:{}", address_.ipv6 ? "[" + address + "]" : address, request.url.port));
    std::array<char, CURL_ERROR_SIZE> why{};
    set_rules(easy, options, limits);
    set_option(easy, CURLOPT_URL, url.c_str());
    set_option(easy, CURLOPT_CONNECT_TO, way.get());
    set_option(easy, CURLOPT_OPENSOCKETFUNCTION, &open_judged);
    set_option(easy, CURLOPT_OPENSOCKETDATA, &hearing);
    set_option(easy, CURLOPT_POST, 1L);
    // None at all would mean that a callback has it, which reads the standard input.
    set_option(easy, CURLOPT_POSTFIELDS, request.body.empty() ? "" : request.body.data());
    set_option(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set_option(easy, CURLOPT_HTTPHEADER, fields.get());
    set_option(easy, CURLOPT_HEADERFUNCTION, &take_head);
    set_option(easy, CURLOPT_HEADERDATA, &hearing);
    set_option(easy, CURLOPT_WRITEFUNCTION, &take_body);
    set_option(easy, CURLOPT_WRITEDATA, &hearing);
    set_option(easy, CURLOPT_ERRORBUFFER, why.data());

    const CURLcode code = curl_easy_perform(easy);
    curl_off_t sending_after = 0;
    curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &sending_after);
    WebTry made{.answer = {.detail = {}, .headers = {}, .body = {}, .address = address},
                .sent = sending_after > 0,
                .heard = hearing.head_bytes > 0};
    WebAnswer& answer = made.answer;
    if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && hearing.cut)) {
        long status = 0;
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        answer.status = static_cast<int>(status);
        answer.headers = answer_fields(easy);
        answer.body = std::move(hearing.body);
    } else if (hearing.strayed) {
        answer.fault = WebFault::refused_address;
        answer.detail = "the connection would have led elsewhere than to the address that was judged";
    } else {
        answer.fault = fault_of(code);
        answer.detail = hearing.head_bytes > longest_head
                            ? fmt::format("the head of the answer has more than {} bytes", longest_head)
                            : printable(why.front() != '\0' ? why.data() : curl_easy_strerror(code));
    }
    curl_easy_reset(easy); // what it points to goes now; the connection stays
    return made;
}

} // namespace vectis::web
