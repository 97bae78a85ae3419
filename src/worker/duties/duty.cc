#include "worker/duties/duty.h"

#include <pthread.h>

#include <exception>
#include <utility>

namespace safelight {

namespace {

constexpr Milliseconds pause_after_exception{1'000};

}  // namespace

Duty::Duty(std::string name, telemetry::Logger& log, Round round)
    : name_(std::move(name)), log_(log), round_(std::move(round)) {}

Duty::~Duty() {
    stop();
}

void Duty::start() {
    const std::lock_guard life(life_mutex_);
    if (thread_.joinable()) return;
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
    pthread_setname_np(thread_.native_handle(), name_.c_str());
}

void Duty::stop() {
    const std::lock_guard life(life_mutex_);
    if (!thread_.joinable()) return;
    thread_.request_stop();
    thread_.join();
}

void Duty::wake() {
    {
        const std::lock_guard lock(mutex_);
        woken_ = true;
    }
    changed_.notify_all();
}

void Duty::run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        const Milliseconds pause = round(stop);
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, stop, pause, [this] { return woken_; });
        woken_ = false;
    }
}

Milliseconds Duty::round(const std::stop_token& stop) {
    try {
        return round_(stop);
    } catch (const std::exception& exception) {
        log_.error("exception in a duty", {{"duty", name_}, {"what", exception.what()}});
        return pause_after_exception;
    }
}

}  // namespace safelight
