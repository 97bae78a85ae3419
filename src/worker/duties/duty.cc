#include "worker/duties/duty.h"

#include <pthread.h>

#include <utility>

namespace safelight {

Duty::Duty(std::string name, Round round) : name_(std::move(name)), round_(std::move(round)) {}

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
        const Milliseconds pause = round_(stop);
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, stop, pause, [this] { return woken_; });
        woken_ = false;
    }
}

}  // namespace safelight
