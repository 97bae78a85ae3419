// Tells other processes what became of jobs, after it was committed. NOTIFY inside of the transactions that
// change jobs would make them commit one after another, each waiting for the disk by itself.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "catalog/postgres/connection.h"
#include "catalog/postgres/news_message.h"

namespace safelight::postgres {

/// Sends from a thread and a connection of its own, several items in one message. They are hints: what cannot
/// be sent is tried again for a while, and is lost when the process dies or too many wait.
class NewsSender {
  public:
    /// `node` is a word that no other process has.
    NewsSender(ConnectionOptions options, std::string node);
    /// Sends what waits, once; a server that does not answer is waited for within its timeouts.
    ~NewsSender() = default;
    NewsSender(const NewsSender&) = delete;
    NewsSender& operator=(const NewsSender&) = delete;

    /// Any thread may call; never blocks for long.
    void claimable(const WaitingJob& job) { add({JobNewsItem::Kind::claimable, job}); }
    void changed(JobId job_id) { add({JobNewsItem::Kind::changed, {job_id}}); }

    [[nodiscard]] const std::string& node() const { return node_; }

  private:
    void add(const JobNewsItem& item);
    void run(const std::stop_token& stop);
    [[nodiscard]] bool wait_for_items(const std::stop_token& stop);
    [[nodiscard]] bool send_next();
    [[nodiscard]] std::vector<JobNewsItem> next_items();
    [[nodiscard]] Status send(const std::vector<JobNewsItem>& items);
    void pause(std::chrono::milliseconds time, const std::stop_token& stop);

    const ConnectionOptions options_;
    const std::string node_;
    std::unique_ptr<Connection> connection_;  // of the thread; null: to be opened
    std::string channel_;                     // of the thread

    std::mutex mutex_;
    std::condition_variable_any added_;
    std::vector<JobNewsItem> waiting_;  // guarded by mutex_; in the order in which they happened

    std::jthread thread_;  // last: it uses all of the above
};

}  // namespace safelight::postgres
