#include "api/workers.hpp"

namespace vectis::api {

namespace {

constexpr std::size_t most_threads = 32;

} // namespace

Workers::~Workers() {
    {
        const std::scoped_lock lock(mutex_);
        ending_ = true;
    }
    wake_.notify_all();
}

void Workers::hand_over(std::unique_ptr<Connection> connection) {
    const std::scoped_lock lock(mutex_);
    jobs_.push_back(std::move(connection));
    if (jobs_.size() > idle_ && threads_.size() < most_threads)
        threads_.emplace_back([this] { work(); });
    wake_.notify_one();
}

void Workers::work() {
    std::unique_lock lock(mutex_);
    for (;;) {
        ++idle_;
        wake_.wait(lock, [this] { return ending_ || !jobs_.empty(); });
        --idle_;
        if (jobs_.empty())
            return;
        auto connection = std::move(jobs_.front());
        jobs_.pop_front();
        lock.unlock();
        const bool keep = exchange_.serve(*connection);
        done_(std::move(connection), keep);
        lock.lock();
    }
}

} // namespace vectis::api
