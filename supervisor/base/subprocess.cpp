#include "base/subprocess.hpp"

#include "base/error.hpp"
#include "base/unique_fd.hpp"

#include <fmt/format.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>

namespace vectis {

namespace {

using std::chrono::steady_clock;

struct Pipe {
    UniqueFd read;
    UniqueFd write;
};

Pipe make_pipe() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0)
        throw system_error(errno, "cannot make a pipe");
    return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

class SpawnActions {
  public:
    SpawnActions() { posix_spawn_file_actions_init(&actions_); }
    ~SpawnActions() { posix_spawn_file_actions_destroy(&actions_); }
    SpawnActions(const SpawnActions&) = delete;
    SpawnActions& operator=(const SpawnActions&) = delete;
    void connect(int from, int to) { posix_spawn_file_actions_adddup2(&actions_, from, to); }
    [[nodiscard]] const posix_spawn_file_actions_t* get() const { return &actions_; }

  private:
    posix_spawn_file_actions_t actions_{};
};

/// Moves what is ready between the pipes and the strings; closes an end when its side is done.
void pump(Pipe& in, Pipe& out, Pipe& err, const std::string& input, std::size_t& written, Finished& finished,
          int milliseconds) {
    std::array<pollfd, 3> waits{pollfd{in.write.get(), POLLOUT, 0}, pollfd{out.read.get(), POLLIN, 0},
                                pollfd{err.read.get(), POLLIN, 0}};
    if (poll(waits.data(), waits.size(), milliseconds) < 0 && errno != EINTR)
        throw system_error(errno, "cannot wait for a program");
    if (waits[0].revents != 0) {
        const ssize_t count = write(in.write.get(), input.data() + written, input.size() - written);
        if (count > 0)
            written += static_cast<std::size_t>(count);
        if (written == input.size() || (count < 0 && errno != EINTR && errno != EAGAIN))
            in.write.reset();
    }
    const auto take = [](UniqueFd& fd, short events, std::string& text) {
        if (events == 0)
            return;
        std::array<char, 65536> chunk{};
        const ssize_t count = read(fd.get(), chunk.data(), chunk.size());
        if (count > 0)
            text.append(chunk.data(), static_cast<std::size_t>(count));
        else if (count == 0 || errno != EINTR)
            fd.reset();
    };
    take(out.read, waits[1].revents, finished.out);
    take(err.read, waits[2].revents, finished.err);
}

} // namespace

Finished run(const std::vector<std::string>& arguments, std::chrono::seconds limit, const std::string& input) {
    Pipe in = make_pipe();
    Pipe out = make_pipe();
    Pipe err = make_pipe();
    SpawnActions actions;
    actions.connect(in.read.get(), STDIN_FILENO);
    actions.connect(out.write.get(), STDOUT_FILENO);
    actions.connect(err.write.get(), STDERR_FILENO);

    std::vector<std::string> words = arguments;
    std::vector<char*> argv;
    for (auto& word : words)
        argv.push_back(word.data());
    argv.push_back(nullptr);
    std::array<std::string, 2> settings{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C"};
    std::array<char*, 3> environment{settings[0].data(), settings[1].data(), nullptr};

    pid_t pid = 0;
    if (const int number = posix_spawnp(&pid, argv[0], actions.get(), nullptr, argv.data(), environment.data());
        number != 0) {
        if (number == ENOENT)
            throw Error(Code::not_found, fmt::format("cannot run '{}': there is no such program", arguments[0]));
        throw system_error(number, fmt::format("cannot run '{}'", arguments[0]));
    }
    in.read.reset();
    out.write.reset();
    err.write.reset();
    fcntl(in.write.get(), F_SETFL, O_NONBLOCK);
    if (input.empty())
        in.write.reset();

    Finished finished;
    std::size_t written = 0;
    const auto deadline = steady_clock::now() + limit;
    bool late = false;
    while (out.read || err.read) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now());
        if (left.count() <= 0) {
            late = true;
            kill(pid, SIGKILL);
            break;
        }
        pump(in, out, err, input, written, finished, static_cast<int>(left.count()));
    }
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (late)
        throw Error(Code::system, fmt::format("cannot wait longer than {} s for '{}'", limit.count(), arguments[0]));
    finished.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return finished;
}

} // namespace vectis
