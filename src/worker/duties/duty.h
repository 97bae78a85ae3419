// A background duty: one thread that does its round, waits, and does it again.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "base/clock.h"
#include "telemetry/log.h"

namespace safelight {

/// Any thread may call.
class Duty {
  public:
    /// Returns how long to wait until the next round, unless it is woken. Ends early when a stop is asked
    /// for.
    using Round = std::function<Milliseconds(const std::stop_token&)>;

    /// `name` (at most 15 characters) is what debuggers and `top -H` show.
    /// An exception of a round is logged, and the next round comes after a pause: a duty outlives a bad
    /// moment.
    Duty(std::string name, telemetry::Logger& log, Round round);
    ~Duty();
    Duty(const Duty&) = delete;
    Duty& operator=(const Duty&) = delete;

    /// The first round begins at once. Idempotent.
    void start();
    /// Waits for the round in hand. Idempotent.
    void stop();
    /// The next round begins at once, or after the one in hand.
    void wake();

  private:
    void run(const std::stop_token& stop);

    [[nodiscard]] Milliseconds round(const std::stop_token& stop);

    const std::string name_;
    telemetry::Logger& log_;
    const Round round_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    bool woken_ = false;     // guarded by mutex_
    std::mutex life_mutex_;  // of start and stop
    std::jthread thread_;    // guarded by life_mutex_
};

}  // namespace safelight
