// A value that can only be touched with its lock held.
#pragma once

#include <condition_variable>
#include <mutex>
#include <utility>

namespace vectis {

template<typename T>
class Guarded {
  public:
    template<typename... Args>
    explicit Guarded(Args&&... args) : value_(std::forward<Args>(args)...) {}

    /// Runs `use(value)` with the lock held and returns what it returns.
    template<typename Use>
    auto with(Use&& use) {
        const std::lock_guard lock(mutex_);
        return std::forward<Use>(use)(value_);
    }

    /// Waits until `ready(value)`; whoever changes the value calls notify() afterwards.
    template<typename Ready, typename Use>
    auto when(Ready&& ready, Use&& use) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return ready(value_); });
        return std::forward<Use>(use)(value_);
    }

    void notify() { changed_.notify_all(); }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    T value_;
};

} // namespace vectis
