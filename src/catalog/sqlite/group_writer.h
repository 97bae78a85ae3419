// One thread owns the one writing connection and commits what waits in groups: many small writes share one
// fsync.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/result.h"
#include "catalog/sqlite/connection.h"

namespace safelight::sqlite {

/// Each write is all or nothing by itself (a savepoint), and is answered only after the commit of its group.
/// If the commit fails, every write of the group gets its error. Any thread may call; calls block.
class GroupWriter {
  public:
    struct Options {
        ConnectionOptions connection;
        std::size_t queue_max = 1'024;
    };

    /// Errors: unavailable, storage_full.
    [[nodiscard]] static Result<std::unique_ptr<GroupWriter>> start(const Options& options);
    /// Commits what was accepted, then ends the thread.
    ~GroupWriter();
    GroupWriter(const GroupWriter&) = delete;
    GroupWriter& operator=(const GroupWriter&) = delete;

    /// Runs `work(Connection&)`, which returns a Result or Status, inside a transaction on the writer's
    /// thread; an error undoes all that it did. It must neither wait nor call the writer. Errors: those of
    /// `work`; unavailable (locked for longer than the busy timeout, or too many writes wait); storage_full.
    template <class Work>
    [[nodiscard]] auto write(Work&& work) -> std::invoke_result_t<Work&, Connection&> {
        using Outcome = std::invoke_result_t<Work&, Connection&>;
        std::optional<Outcome> outcome;
        Status committed = submit([&work, &outcome](Connection& connection) -> Status {
            outcome.emplace(work(connection));
            if (!*outcome) return std::unexpected(outcome->error());
            return {};
        });
        if (!committed) return Outcome{std::unexpect, std::move(committed).error()};
        return std::move(*outcome);
    }

    /// Whether a write could be begun now. Waits for `timeout` at most. Errors: unavailable, storage_full.
    [[nodiscard]] Status check(Milliseconds timeout);

  private:
    using Work = std::function<Status(Connection&)>;

    /// One caller's write. It outlives a caller that stopped waiting.
    struct Task {
        Work work;
        Status outcome;
        std::mutex mutex;
        std::condition_variable answered;
        bool is_answered = false;  // guarded by mutex
    };
    using Tasks = std::vector<std::shared_ptr<Task>>;

    explicit GroupWriter(const Options& options) : options_(options) {}

    [[nodiscard]] Result<std::shared_ptr<Task>> enqueue(Work work);
    [[nodiscard]] Status submit(Work work);

    void run();
    [[nodiscard]] Tasks take();
    void take_those_who_came_meanwhile(Tasks& group);
    [[nodiscard]] Status try_to_commit(Tasks& group);
    [[nodiscard]] Status commit(Tasks& group);
    [[nodiscard]] Status begin();
    [[nodiscard]] Status perform(Task& task, bool alone);
    static void answer(Tasks& group, const Status& committed);

    const Options options_;
    std::unique_ptr<Connection> connection_;  // the writer thread's own, once it runs

    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::shared_ptr<Task>> queue_;  // guarded by mutex_
    bool stopping_ = false;                    // guarded by mutex_
    std::thread thread_;                       // constant after start
};

}  // namespace safelight::sqlite
