#include "base/thread_pool.h"

#include <pthread.h>

#include <utility>

namespace safelight {

ThreadPool::ThreadPool(std::string name, std::size_t threads, std::size_t queue_max) : queue_max_(queue_max) {
    try {
        for (std::size_t i = 0; i < threads; ++i) {
            threads_.emplace_back([this] { run(); });
            pthread_setname_np(threads_.back().native_handle(), name.c_str());
        }
    } catch (...) {
        end();
        throw;
    }
}

ThreadPool::~ThreadPool() {
    end();
}

void ThreadPool::end() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    for (auto& thread : threads_) thread.join();
}

bool ThreadPool::submit(std::function<void()> work) {
    {
        const std::lock_guard lock(mutex_);
        if (stopping_ || queue_.size() >= queue_max_) return false;
        queue_.push_back(std::move(work));
    }
    wake_.notify_one();
    return true;
}

std::size_t ThreadPool::queued() const {
    const std::lock_guard lock(mutex_);
    return queue_.size();
}

void ThreadPool::run() {
    std::unique_lock lock(mutex_);
    for (;;) {
        wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
        if (queue_.empty()) return;
        auto work = std::move(queue_.front());
        queue_.pop_front();
        lock.unlock();
        work();
        work = nullptr;
        lock.lock();
    }
}

}  // namespace safelight
