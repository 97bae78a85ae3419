// Coroutines of the server, and the way off its I/O threads.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/result.h"
#include "base/thread_pool.h"

namespace safelight::http {

/// A coroutine that runs on an I/O thread. It must not block: anything that does goes through `on_pool`.
/// Pass parameters to it; a capturing lambda as a coroutine dies at its first suspension.
template <class T>
using Task = boost::asio::awaitable<T>;

/// Runs `work` on `pool` and resumes on the caller's I/O thread when it has ended.
/// Returns false, without running it, when the pool's queue is full. `work` must not throw.
/// `work` always runs to its end once it was accepted, and the coroutine waits for it: references stay valid.
[[nodiscard]] Task<bool> run_on_pool(ThreadPool& pool, std::function<void()> work);

/// The same for what must not be left undone lightly: a full queue gets a second to drain.
[[nodiscard]] Task<bool> run_on_pool_patiently(ThreadPool& pool, std::function<void()> work);

/// For on_pool and on_pool_patiently.
template <class Work>
[[nodiscard]] Task<std::invoke_result_t<Work&>> on_pool_by(Task<bool> (*run)(ThreadPool&,
                                                                             std::function<void()>),
                                                           ThreadPool& pool, Work work) {
    using R = std::invoke_result_t<Work&>;
    std::optional<R> result;
    std::exception_ptr exception;
    const bool accepted = co_await run(pool, [&] {
        try {
            result.emplace(work());
        } catch (...) {
            exception = std::current_exception();
        }
    });
    if (!accepted) co_return failure(ErrorCode::overloaded, "The server is busy.", "thread pool queue full");
    if (result) co_return std::move(*result);
    std::rethrow_exception(exception);
}

/// `co_await on_pool(pool, [&] { return service.find(id); })` for a `work` that returns a Result.
/// Error overloaded when the pool is full. An exception in `work` is rethrown in the coroutine.
template <class Work>
[[nodiscard]] Task<std::invoke_result_t<Work&>> on_pool(ThreadPool& pool, Work work) {
    return on_pool_by(&run_on_pool, pool, std::move(work));
}

/// The same by run_on_pool_patiently.
template <class Work>
[[nodiscard]] Task<std::invoke_result_t<Work&>> on_pool_patiently(ThreadPool& pool, Work work) {
    return on_pool_by(&run_on_pool_patiently, pool, std::move(work));
}

/// Whether the server that this coroutine runs on has begun to drain.
[[nodiscard]] Task<bool> is_draining();

/// Something that happens once, on any thread, and that a coroutine can wait for.
class Event {
  public:
    Event();
    /// Any thread; idempotent. May be called after the waiting coroutine is gone.
    void set();
    /// Waits until `set` was called (true), or `timeout` passed or the server began to drain (false).
    /// One waiter at a time.
    [[nodiscard]] Task<bool> wait(std::chrono::milliseconds timeout);

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace safelight::http
