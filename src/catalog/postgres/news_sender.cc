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
    while (wait_for_items(stop)) {
        if (send_next()) {
            trouble_pause = pause_min;
            pause(breath, stop);
        } else if (stop.stop_requested()) {
            return;
        } else {
            pause(trouble_pause, stop);
            trouble_pause = std::min(trouble_pause * 2, pause_max);
        }
    }
}

/// False at the end, when nothing waits any more.
bool NewsSender::wait_for_items(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    return added_.wait(lock, stop, [&] { return !waiting_.empty(); });
}

/// What cannot be sent stays where it is.
bool NewsSender::send_next() {
    try {
        const std::vector<JobNewsItem> items = next_items();
        if (!send(items)) return false;
        const std::lock_guard lock(mutex_);
        waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(items.size()));
        return true;
    } catch (const std::exception&) {
        return false;  // no memory, say: the thread outlives it, and tries again
    }
}

std::vector<JobNewsItem> NewsSender::next_items() {
    const std::lock_guard lock(mutex_);
    const auto count = static_cast<std::ptrdiff_t>(std::min(waiting_.size(), news_items_max));
    return {waiting_.begin(), waiting_.begin() + count};
}

Status NewsSender::send(const std::vector<JobNewsItem>& items) {
    if (connection_ == nullptr || !connection_->is_usable() || !connection_->is_quiet()) {
        connection_.reset();
        TRY_ASSIGN(auto connection, Connection::open(options_));
        TRY_ASSIGN(channel_, news_channel(*connection));
        connection_ = std::move(connection);
    }
    TRY(connection_->query("SELECT pg_notify($1, $2)", std::string_view{channel_},
                           std::string_view{compose_news(node_, items)}));
    return {};
}

void NewsSender::pause(std::chrono::milliseconds time, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    added_.wait_for(lock, stop, time, [] { return false; });
}

}  // namespace safelight::postgres
