// The threads that answer requests of one door: as many as have been needed at once, up to a limit. Each door has its
// own, so that who comes through one keeps nobody waiting at another.
#pragma once

#include "api/exchange.hpp"

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace vectis::api {

class Workers {
  public:
    /// `done` is called by a worker with the connection, and whether it is to be kept.
    using Done = std::function<void(std::unique_ptr<Connection>, bool keep)>;

    Workers(Exchange& exchange, Done done) : exchange_(exchange), done_(std::move(done)) {}
    /// Ends what was handed over.
    ~Workers();
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;

    void hand_over(std::unique_ptr<Connection> connection);

  private:
    void work();

    Exchange& exchange_;
    Done done_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::unique_ptr<Connection>> jobs_;
    std::size_t idle_ = 0;
    bool ending_ = false;
    std::vector<std::jthread> threads_; // last: joined first
};

} // namespace vectis::api
