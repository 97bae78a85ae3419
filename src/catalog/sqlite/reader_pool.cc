#include "catalog/sqlite/reader_pool.h"

namespace safelight::sqlite {

ReaderPool::ReaderPool(ConnectionOptions options, std::uint32_t connections)
    : options_(std::move(options)), free_(connections) {}

Result<ReaderPool::Lease> ReaderPool::acquire() {
    std::unique_lock lock(mutex_);
    if (!returned_.wait_for(lock, options_.busy_timeout, [&] { return !free_.empty(); })) {
        return failure(ErrorCode::unavailable, "The catalog is too busy at the moment.",
                       "no read connection became free in time");
    }
    // The one that came back last has the warmest cache.
    Lease lease{*this, std::move(free_.back())};
    free_.pop_back();
    lock.unlock();
    TRY(lease.make_ready());
    return lease;
}

Status ReaderPool::Lease::make_ready() {
    if (connection_ != nullptr) {
        if (auto in_place = connection_->check_place(); !in_place) connection_.reset();
    }
    if (connection_ == nullptr) {
        TRY_ASSIGN(connection_, Connection::open(pool_->options_));
    }
    return {};
}

void ReaderPool::give_back(std::unique_ptr<Connection> connection) {
    if (connection != nullptr && !connection->is_usable()) connection.reset();
    {
        const std::lock_guard lock(mutex_);
        // Those that are not open go to the bottom, to be taken last.
        free_.insert(connection == nullptr ? free_.begin() : free_.end(), std::move(connection));
    }
    returned_.notify_one();
}

}  // namespace safelight::sqlite
