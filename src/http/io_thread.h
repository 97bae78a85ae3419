// A thread of the server with the connections that live on it, and a clock that ticks for their deadlines.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"

namespace safelight::http {

class Channel;

/// One timer for all deadlines of a thread: a request then costs no timer of its own. It runs only while
/// there are connections. Unless said otherwise only the thread itself may call.
class IoThread {
  public:
    /// `tick`: how late a deadline may be noticed.
    explicit IoThread(std::chrono::milliseconds tick);
    ~IoThread();
    IoThread(const IoThread&) = delete;
    IoThread& operator=(const IoThread&) = delete;

    /// Any thread.
    [[nodiscard]] boost::asio::io_context& context() { return context_; }
    /// Any thread, once.
    void start();
    /// Any thread. From now on no connection waits for another request, and no Event for its signal.
    void begin_drain();
    /// Any thread. Every connection loses its socket.
    void cut();
    /// Any thread but this one: ends it when nothing is left to do.
    void join();

    [[nodiscard]] bool draining() const { return draining_; }
    void enlist(Channel& channel);
    void remove(Channel& channel);
    /// The Date field's value for now.
    [[nodiscard]] std::string_view http_date();

  private:
    void arm();
    void on_tick();

    boost::asio::io_context context_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_;
    const std::chrono::milliseconds tick_;
    boost::asio::steady_timer timer_;
    bool armed_ = false;
    bool draining_ = false;
    std::vector<Channel*> channels_;
    const SystemClock clock_;
    Timestamp date_time_{};
    std::string date_;
    std::thread thread_;
};

}  // namespace safelight::http
