// A bounded pool of threads for work that blocks: SQL, files, hashing. Refuses at once when its queue is
// full.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace safelight {

class ThreadPool {
  public:
    /// `name` (at most 15 characters) is what debuggers and `top -H` show. Throws std::system_error when the
    /// system has no thread left; those that were started have ended then.
    ThreadPool(std::string name, std::size_t threads, std::size_t queue_max);
    /// Runs what was accepted, then ends the threads.
    ~ThreadPool();
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

    /// Any thread may call; never blocks. False when the queue is full or the pool is stopping: `work` is
    /// dropped then. `work` must not throw.
    [[nodiscard]] bool submit(std::function<void()> work);

    /// How much is waiting to be started.
    [[nodiscard]] std::size_t queued() const;

  private:
    void run();
    void end();

    const std::size_t queue_max_;
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::function<void()>> queue_;  // guarded by mutex_
    bool stopping_ = false;                    // guarded by mutex_
    std::vector<std::thread> threads_;         // constant after construction
};

}  // namespace safelight
