#include "catalog/postgres/news_sender.h"

#include <algorithm>
#include <exception>
#include <utility>

namespace safelight::postgres {
namespace {

/// What comes while a message is sent, and for so long after it, shares the next one.
constexpr std::chrono::milliseconds breath{5};
constexpr std::chrono::milliseconds pause_min{100};
constexpr std::chrono::milliseconds pause_max{10'000};
constexpr std::size_t waiting_max = 10'000;

}  // namespace

NewsSender::NewsSender(ConnectionOptions options, std::string node)
    : options_(std::move(options)),
      node_(std::move(node)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

void NewsSender::add(const JobNewsItem& item) {
    {
        const std::lock_guard lock(mutex_);
        if (waiting_.size() >= waiting_max) return;  // whoever waits for it still looks now and then
        waiting_.push_back(item);
    }
    added_.notify_one();
}

void NewsSender::run(const std::stop_token& stop) {
    std::chrono::milliseconds trouble_pause = pause_min;
    while (true) {
        std::vector<JobNewsItem> items = take();
        if (items.empty()) {
            std::unique_lock lock(mutex_);
            if (!added_.wait(lock, stop, [&] { return !waiting_.empty(); })) return;
            continue;
        }
        if (send(items)) {
            trouble_pause = pause_min;
            pause(breath, stop);
            continue;
        }
        if (stop.stop_requested()) return;
        put_back(std::move(items));
        pause(trouble_pause, stop);
        trouble_pause = std::min(trouble_pause * 2, pause_max);
    }
}

std::vector<JobNewsItem> NewsSender::take() {
    const std::lock_guard lock(mutex_);
    const auto count = static_cast<std::ptrdiff_t>(std::min(waiting_.size(), news_items_max));
    std::vector<JobNewsItem> items(waiting_.begin(), waiting_.begin() + count);
    waiting_.erase(waiting_.begin(), waiting_.begin() + count);
    return items;
}

void NewsSender::put_back(std::vector<JobNewsItem> items) {
    const std::lock_guard lock(mutex_);
    waiting_.insert(waiting_.begin(), items.begin(), items.end());
}

Status NewsSender::send(const std::vector<JobNewsItem>& items) {
    try {
        if (connection_ == nullptr || !connection_->is_usable() || !connection_->is_quiet()) {
            TRY_ASSIGN(connection_, Connection::open(options_));
            TRY_ASSIGN(channel_, news_channel(*connection_));
        }
        TRY(connection_->query("SELECT pg_notify($1, $2)", std::string_view{channel_},
                               std::string_view{compose_news(node_, items)}));
        return {};
    } catch (const std::exception& error) {
        // No memory, say: the thread outlives it, and tries again.
        return failure(ErrorCode::internal, "Something went wrong.", error.what());
    }
}

void NewsSender::pause(std::chrono::milliseconds time, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    added_.wait_for(lock, stop, time, [] { return false; });
}

}  // namespace safelight::postgres
