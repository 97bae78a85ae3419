#include "http/io_thread.h"

#include <pthread.h>

#include <boost/asio/post.hpp>
#include <utility>

#include "http/channel.h"
#include "http/drain_signal.h"

namespace safelight::http {

namespace asio = boost::asio;

IoThread::IoThread(std::chrono::milliseconds tick)
    : guard_(asio::make_work_guard(context_)), tick_(tick), timer_(context_) {}

IoThread::~IoThread() {
    join();
}

void IoThread::start() {
    thread_ = std::thread([this] { context_.run(); });
    pthread_setname_np(thread_.native_handle(), "http-io");
}

void IoThread::begin_drain() {
    asio::post(context_, [this] {
        draining_ = true;
        asio::use_service<DrainSignal>(context_).raise();
        for (Channel* const channel : channels_) channel->begin_drain();
    });
}

void IoThread::cut() {
    asio::post(context_, [this] {
        for (Channel* const channel : channels_) channel->cut();
    });
}

void IoThread::join() {
    guard_.reset();
    if (thread_.joinable()) thread_.join();
}

void IoThread::enlist(Channel& channel) {
    channel.place_ = channels_.size();
    channels_.push_back(&channel);
    arm();
}

void IoThread::remove(Channel& channel) {
    channels_.back()->place_ = channel.place_;
    channels_[channel.place_] = channels_.back();
    channels_.pop_back();
    if (channels_.empty()) timer_.cancel();
}

std::string_view IoThread::http_date() {
    const Timestamp now = std::chrono::floor<std::chrono::seconds>(clock_.now());
    if (now != date_time_ || date_.empty()) {
        date_time_ = now;
        date_ = to_http_date(now);
    }
    return date_;
}

void IoThread::arm() {
    if (std::exchange(armed_, true)) return;
    timer_.expires_after(tick_);
    timer_.async_wait([this](const boost::system::error_code&) {
        armed_ = false;
        on_tick();
    });
}

void IoThread::on_tick() {
    if (channels_.empty()) return;
    const auto now = std::chrono::steady_clock::now();
    for (Channel* const channel : channels_) channel->on_tick(now);
    arm();
}

}  // namespace safelight::http
