#include "catalog/postgres/pool.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/random.h"
#include "catalog/postgres/errors.h"
#include "catalog/postgres/statements.h"

namespace safelight::postgres {

Result<Pool::Lease> Pool::acquire(Milliseconds wait) {
    std::unique_lock lock(mutex_);
    if (!returned_.wait_for(lock, wait, [&] { return !free_.empty(); })) {
        return failure(ErrorCode::unavailable, "The catalog is too busy at the moment.",
                       "no connection to PostgreSQL became free in time");
    }
    // The one that came back last has what is needed at hand.
    Lease lease{*this, std::move(free_.back())};
    free_.pop_back();
    lock.unlock();
    TRY(lease.make_ready());
    return lease;
}

Status Pool::Lease::make_ready() {
    if (connection_ != nullptr && !connection_->is_quiet()) connection_.reset();
    if (connection_ == nullptr) {
        TRY_ASSIGN(connection_, Connection::open(pool_->options_.connection));
    }
    return {};
}

void Pool::give_back(std::unique_ptr<Connection> connection) {
    // A transaction is left open by an exception alone.
    if (connection != nullptr && !(connection->is_usable() && connection->is_idle())) connection.reset();
    {
        const std::lock_guard lock(mutex_);
        // Those that are not open go to the bottom, to be taken last.
        free_.insert(connection == nullptr ? free_.begin() : free_.end(), std::move(connection));
    }
    returned_.notify_one();
}

void Pool::forget_free_ones() {
    std::vector<std::unique_ptr<Connection>> broken;
    const std::lock_guard lock(mutex_);
    for (auto& connection : free_) broken.push_back(std::move(connection));
}

void Pool::pause(int repetition) {
    const double longest_ms = 10 << repetition;
    std::this_thread::sleep_for(std::chrono::duration<double, std::milli>(longest_ms * random_fraction()));
}

Status Pool::check(Milliseconds timeout) {
    TRY_ASSIGN(Lease lease, acquire(timeout));
    Connection& connection = lease.connection();
    const Milliseconds usual = connection.timeout();
    connection.set_timeout(timeout);
    Result<Answer> answer = connection.query(sql::can_write);
    connection.set_timeout(usual);
    if (!answer) return forward(std::move(answer));
    if (answer->next() && answer->integer(0) != 0) return {};
    return std::unexpected(error_with(ErrorCode::unavailable, "the database can only be read"));
}

}  // namespace safelight::postgres
