// What `vectis serve`, which has no network, and the courier, which has nothing else, say to each other: a line of JSON
// each way, over a socket that is between the two of them alone.
#pragma once

#include "base/unique_fd.hpp"

#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace vectis::webhooks {

struct Post {
    std::string url;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body; // UTF-8
};

struct Outcome {
    int code = 0;       // the HTTP status; 0: there was no answer
    std::string fault;  // why not: web::fault_name()
    std::string detail; // of the fault, or the start of the answer's body: strangers' text
    std::optional<std::string> retry_after;
    std::chrono::milliseconds took{0};
};

[[nodiscard]] std::string to_line(const Post& post);
[[nodiscard]] std::string to_line(const Outcome& outcome);
/// Throws Error(invalid_input) if the line is none.
[[nodiscard]] Post read_post(const std::string& line);
[[nodiscard]] Outcome read_outcome(const std::string& line);

/// Lines over a connected socket.
class Lines {
  public:
    explicit Lines(UniqueFd fd);

    /// The next line without its end; nothing at the end, or if the socket's time limit is over.
    [[nodiscard]] std::optional<std::string> read();
    /// False if nobody reads it any more.
    [[nodiscard]] bool write(const std::string& line);

  private:
    struct Close {
        void operator()(std::FILE* file) const noexcept { std::fclose(file); }
    };
    std::unique_ptr<std::FILE, Close> in_;
    std::unique_ptr<std::FILE, Close> out_;
};

} // namespace vectis::webhooks
