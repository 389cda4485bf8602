#include "webhooks/wire.hpp"

#include "base/error.hpp"
#include "base/json.hpp"

#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>

namespace vectis::webhooks {

namespace {

template<typename Value, typename Read>
Value read_line(const std::string& line, Read&& read) {
    try {
        return read(parse_json(line));
    } catch (const Json::exception& fault) {
        throw Error(Code::invalid_input, std::string("cannot understand a line of the courier's: ") + fault.what());
    }
}

std::FILE* open_stream(UniqueFd fd, const char* mode) {
    std::FILE* file = fdopen(fd.get(), mode);
    if (file == nullptr)
        throw system_error(errno, "cannot open a stream");
    static_cast<void>(fd.release()); // the stream's from now on
    return file;
}

UniqueFd duplicate(const UniqueFd& fd) {
    UniqueFd copy(fcntl(fd.get(), F_DUPFD_CLOEXEC, 0));
    if (!copy)
        throw system_error(errno, "cannot duplicate a socket");
    return copy;
}

} // namespace

std::string to_line(const Post& post) {
    return to_text({{"url", post.url}, {"headers", post.headers}, {"body", post.body}});
}

std::string to_line(const Outcome& outcome) {
    Json json{{"code", outcome.code},
              {"fault", outcome.fault},
              {"detail", outcome.detail},
              {"milliseconds", outcome.took.count()}};
    if (outcome.retry_after)
        json["retry_after"] = *outcome.retry_after;
    return to_text(json);
}

Post read_post(const std::string& line) {
    return read_line<Post>(line, [](const Json& json) {
        Post post{.url = json.at("url"), .headers = {}, .body = json.at("body")};
        for (const auto& header : json.at("headers"))
            post.headers.emplace_back(header.at(0), header.at(1));
        return post;
    });
}

Outcome read_outcome(const std::string& line) {
    return read_line<Outcome>(line, [](const Json& json) {
        Outcome outcome{.code = json.at("code"),
                        .fault = json.at("fault"),
                        .detail = json.at("detail"),
                        .retry_after = std::nullopt,
                        .took = std::chrono::milliseconds(json.at("milliseconds").get<std::int64_t>())};
        if (json.contains("retry_after"))
            outcome.retry_after = json.at("retry_after").get<std::string>();
        return outcome;
    });
}

Lines::Lines(UniqueFd fd) : out_(open_stream(duplicate(fd), "w")) {
    in_.reset(open_stream(std::move(fd), "r"));
}

std::optional<std::string> Lines::read() {
    char* line = nullptr;
    std::size_t room = 0;
    const auto size = getline(&line, &room, in_.get());
    const std::unique_ptr<char, decltype(&std::free)> owner(line, &std::free);
    if (size <= 0 || line[size - 1] != '\n')
        return std::nullopt;
    return std::string(line, static_cast<std::size_t>(size) - 1);
}

bool Lines::write(const std::string& line) {
    return std::fwrite(line.data(), 1, line.size(), out_.get()) == line.size() && std::fputc('\n', out_.get()) != EOF &&
           std::fflush(out_.get()) == 0;
}

} // namespace vectis::webhooks
