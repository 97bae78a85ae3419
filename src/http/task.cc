#include "http/task.h"

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <mutex>

#include "http/drain_signal.h"

namespace safelight::http {
namespace {

namespace asio = boost::asio;

/// Hands `work` to the pool; `handler` is called on its own executor.
template <class Handler>
void start_on_pool(Handler&& handler, ThreadPool& pool, std::function<void()>& work) {
    using Held = std::decay_t<Handler>;
    auto held = std::make_shared<Held>(std::forward<Handler>(handler));
    const auto executor = asio::get_associated_executor(*held);
    // The coroutine is suspended until its handler ran, which keeps the io_context alive: posting is safe.
    const auto finish = [executor](std::shared_ptr<Held> owned, bool accepted) {
        asio::post(executor,
                   [owned = std::move(owned), accepted]() mutable { std::move (*owned)(accepted); });
    };
    auto job = [held, finish, work = std::move(work)]() mutable {
        work();
        work = nullptr;
        finish(std::move(held), true);
    };
    if (!pool.submit(std::move(job))) finish(std::move(held), false);
}

}  // namespace

asio::execution_context::id DrainSignal::id;

void DrainSignal::raise() {
    raised_ = true;
    for (asio::steady_timer* const timer : timers_) timer->cancel();
}

Task<bool> run_on_pool(ThreadPool& pool, std::function<void()> work) {
    co_return co_await asio::async_initiate<const asio::use_awaitable_t<>&, void(bool)>(
        [&pool, &work](auto&& handler) {
            start_on_pool(std::forward<decltype(handler)>(handler), pool, work);
        },
        asio::use_awaitable);
}

Task<bool> run_on_pool_patiently(ThreadPool& pool, std::function<void()> work) {
    constexpr int tries = 100;
    constexpr std::chrono::milliseconds pause{10};
    for (int i = 0; i < tries; ++i) {
        if (co_await run_on_pool(pool, work)) co_return true;
        static_cast<void>(co_await Event().wait(pause));
    }
    co_return false;
}

Task<bool> is_draining() {
    const auto executor = co_await asio::this_coro::executor;
    co_return asio::use_service<DrainSignal>(asio::query(executor, asio::execution::context)).raised();
}

struct Event::State {
    std::mutex mutex;
    bool set = false;                           // guarded by mutex
    std::shared_ptr<asio::steady_timer> timer;  // guarded by mutex; of the coroutine that waits
};

Event::Event() : state_(std::make_shared<State>()) {}

void Event::set() {
    const std::lock_guard lock(state_->mutex);
    state_->set = true;
    // While `timer` is there, its coroutine has not ended, and so its io_context lives.
    if (!state_->timer) return;
    asio::post(state_->timer->get_executor(), [timer = state_->timer] { timer->cancel(); });
}

Task<bool> Event::wait(std::chrono::milliseconds timeout) {
    const auto state = state_;
    const auto executor = co_await asio::this_coro::executor;
    auto& drain = asio::use_service<DrainSignal>(asio::query(executor, asio::execution::context));
    const auto timer = std::make_shared<asio::steady_timer>(executor, timeout);
    {
        const std::lock_guard lock(state->mutex);
        if (state->set) co_return true;
        if (drain.raised()) co_return false;
        state->timer = timer;
    }
    drain.add(*timer);
    boost::system::error_code ignored;
    co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    drain.remove(*timer);
    const std::lock_guard lock(state->mutex);
    state->timer.reset();
    co_return state->set;
}

}  // namespace safelight::http
