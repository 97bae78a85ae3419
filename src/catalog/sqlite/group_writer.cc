#include "catalog/sqlite/group_writer.h"

#include <pthread.h>

#include <exception>
#include <string>

namespace safelight::sqlite {
namespace {

/// Bounds the time for which one group keeps the file from other processes.
constexpr std::size_t group_max = 256;

}  // namespace

Result<std::unique_ptr<GroupWriter>> GroupWriter::start(const Options& options) {
    std::unique_ptr<GroupWriter> writer{new GroupWriter(options)};
    TRY_ASSIGN(writer->connection_, Connection::open(options.connection));
    writer->thread_ = std::thread([raw = writer.get()] {
        pthread_setname_np(pthread_self(), "catalog-writer");
        raw->run();
    });
    return writer;
}

GroupWriter::~GroupWriter() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
}

Result<std::shared_ptr<GroupWriter::Task>> GroupWriter::enqueue(Work work) {
    auto task = std::make_shared<Task>();
    task->work = std::move(work);
    {
        const std::lock_guard lock(mutex_);
        if (stopping_ || queue_.size() >= options_.queue_max) {
            return failure(ErrorCode::unavailable, "The catalog is too busy at the moment.",
                           "too many writes wait for the catalog");
        }
        queue_.push_back(task);
    }
    wake_.notify_one();
    return task;
}

Status GroupWriter::submit(Work work) {
    TRY_ASSIGN(const auto task, enqueue(std::move(work)));
    std::unique_lock lock(task->mutex);
    task->answered.wait(lock, [&] { return task->is_answered; });
    return std::move(task->outcome);
}

Status GroupWriter::check(Milliseconds timeout) {
    TRY_ASSIGN(const auto task, enqueue([](Connection&) -> Status { return {}; }));
    std::unique_lock lock(task->mutex);
    if (!task->answered.wait_for(lock, timeout, [&] { return task->is_answered; })) {
        return failure(ErrorCode::unavailable, "The catalog does not answer in time.",
                       "no write could be begun in time: the catalog's file is locked, or its disk is slow");
    }
    return task->outcome;
}

void GroupWriter::run() {
    for (Tasks group = take(); !group.empty(); group = take()) {
        answer(group, try_to_commit(group));
    }
}

/// Waits for work. Empty: the end.
GroupWriter::Tasks GroupWriter::take() {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
    Tasks group;
    while (!queue_.empty() && group.size() < group_max) {
        group.push_back(std::move(queue_.front()));
        queue_.pop_front();
    }
    return group;
}

void GroupWriter::take_those_who_came_meanwhile(Tasks& group) {
    const std::lock_guard lock(mutex_);
    group.insert(group.end(), std::make_move_iterator(queue_.begin()), std::make_move_iterator(queue_.end()));
    queue_.clear();
}

/// Nothing that a group does ends the thread that all others need.
Status GroupWriter::try_to_commit(Tasks& group) {
    try {
        return commit(group);
    } catch (const std::exception& exception) {
        // What the transaction was in the middle of is not known.
        connection_.reset();
        return failure(ErrorCode::internal, "Something went wrong.",
                       std::string("the catalog's writer threw: ") + exception.what());
    }
}

Status GroupWriter::commit(Tasks& group) {
    if (auto begun = begin(); !begun) {
        // Nobody waits for the busy timeout twice: whoever came while the file was locked is answered as
        // well.
        take_those_who_came_meanwhile(group);
        return begun;
    }
    const bool alone = group.size() == 1;
    for (const auto& task : group) {
        if (auto performed = perform(*task, alone); !performed) {
            connection_->roll_back();
            return performed;
        }
    }
    // Alone, and undone: its own error says why.
    if (alone && !group.front()->outcome) return {};
    if (auto committed = connection_->run("COMMIT"); !committed) {
        connection_->roll_back();
        return forward(std::move(committed));
    }
    return connection_->check_place();
}

Status GroupWriter::begin() {
    if (connection_ != nullptr && connection_->is_usable()) {
        if (auto in_place = connection_->check_place(); !in_place) connection_.reset();
    } else {
        connection_.reset();
    }
    if (connection_ == nullptr) {
        TRY_ASSIGN(connection_, Connection::open(options_.connection));
    }
    // IMMEDIATE: a transaction that reads first and then wants to write would fail at once when another
    // process wrote in between, whatever the busy timeout.
    TRY(connection_->run("BEGIN IMMEDIATE"));
    return {};
}

/// An error means that the group's transaction cannot go on; the task's own goes into its outcome.
Status GroupWriter::perform(Task& task, bool alone) {
    // The only write of its group needs no savepoint: the whole transaction is its own.
    if (!alone) TRY(connection_->run("SAVEPOINT task"));
    try {
        task.outcome = task.work(*connection_);
    } catch (const std::exception& exception) {
        task.outcome = failure(ErrorCode::internal, "Something went wrong.",
                               std::string("a write to the catalog threw: ") + exception.what());
    }
    if (alone) {
        if (!task.outcome) connection_->roll_back();
        return {};
    }
    if (!connection_->in_transaction()) {
        // SQLite gives up the whole transaction on some errors (full, I/O): those who went before lost their
        // work.
        if (!task.outcome) return task.outcome;
        return failure(ErrorCode::internal, "Something went wrong.",
                       "a write ended the transaction of its group");
    }
    if (!task.outcome) TRY(connection_->run("ROLLBACK TO task"));
    TRY(connection_->run("RELEASE task"));
    return {};
}

void GroupWriter::answer(Tasks& group, const Status& committed) {
    for (const auto& task : group) {
        {
            const std::lock_guard lock(task->mutex);
            if (!committed) task->outcome = committed;
            task->is_answered = true;
        }
        // After the lock, which the woken thread would only wait for; the group keeps the task alive.
        task->answered.notify_one();
    }
}

}  // namespace safelight::sqlite
