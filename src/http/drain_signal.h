// Tells whoever waits on an I/O thread that the server has begun to drain.
#pragma once

#include <boost/asio/execution_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <set>

namespace safelight::http {

/// One for each io_context; an Asio service, so that a coroutine finds it by its own executor. Only the
/// thread that runs the context may call.
class DrainSignal final : public boost::asio::execution_context::service {
  public:
    using key_type = DrainSignal;
    static boost::asio::execution_context::id id;

    explicit DrainSignal(boost::asio::execution_context& context)
        : boost::asio::execution_context::service(context) {}

    /// Cuts every wait short, and those that come later.
    void raise();
    [[nodiscard]] bool raised() const { return raised_; }
    /// `timer` is cancelled when the signal is raised. It stays the caller's.
    void add(boost::asio::steady_timer& timer) { timers_.insert(&timer); }
    void remove(boost::asio::steady_timer& timer) { timers_.erase(&timer); }

  private:
    void shutdown() override {}

    bool raised_ = false;
    std::set<boost::asio::steady_timer*> timers_;
};

}  // namespace safelight::http
