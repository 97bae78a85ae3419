#include "queue/redis/gate.h"

#include <algorithm>
#include <utility>

#include "base/random.h"

namespace safelight::redis {

Milliseconds backoff_delay(std::uint32_t failures, Milliseconds min, Milliseconds max, double fraction) {
    constexpr std::uint32_t doublings_max = 30;
    const std::uint32_t doublings = std::min(failures > 0 ? failures - 1 : 0, doublings_max);
    // In steps, so that nothing overflows.
    Milliseconds delay = std::min(min, max);
    for (std::uint32_t i = 0; i < doublings && delay < max; ++i) delay = std::min(delay * 2, max);
    const double jittered = static_cast<double>(delay.count()) * (0.5 + 0.5 * std::clamp(fraction, 0.0, 1.0));
    return std::max(Milliseconds{1}, Milliseconds{static_cast<Milliseconds::rep>(jittered)});
}

std::optional<std::uint64_t> Gate::enter(TimePoint now) {
    const std::lock_guard lock(mutex_);
    return enter_locked(now);
}

std::optional<std::uint64_t> Gate::enter_locked(TimePoint now) {
    if (failures_ == 0) return pass_;
    if (now < retry_at_) return std::nullopt;
    // Whoever tries needs no end that is reported: the next one is let in when the trial has had its time.
    retry_at_ = now + trial_time_;
    return pass_;
}

std::optional<std::uint64_t> Gate::wait(TimePoint deadline, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (true) {
        const TimePoint now = SteadyClock::now();
        if (const auto pass = enter_locked(now)) return pass;
        if (now >= deadline || stop.stop_requested()) return std::nullopt;
        const std::uint64_t seen = pass_;
        const TimePoint wake_at = std::min(deadline, retry_at_);  // a copy: it is read without the lock
        changed_.wait_until(lock, stop, wake_at, [&] { return failures_ == 0 || pass_ != seen; });
    }
}

bool Gate::succeeded() {
    {
        const std::lock_guard lock(mutex_);
        if (failures_ == 0) return false;
        failures_ = 0;
        reason_.clear();
    }
    changed_.notify_all();
    return true;
}

bool Gate::failed(std::uint64_t pass, TimePoint now, std::string reason) {
    bool closes = false;
    {
        const std::lock_guard lock(mutex_);
        if (pass != pass_) return false;
        ++pass_;
        closes = failures_ == 0;
        if (failures_ < UINT32_MAX) ++failures_;
        retry_at_ = now + backoff_delay(failures_, backoff_min_, backoff_max_, random_fraction());
        reason_ = std::move(reason);
    }
    changed_.notify_all();  // who waits has another time to wait for
    return closes;
}

std::string Gate::reason() const {
    const std::lock_guard lock(mutex_);
    return reason_;
}

}  // namespace safelight::redis
