#include "access/key_keeper.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <exception>
#include <utility>

namespace safelight {
namespace {

/// Of the threads of the pool that a source which hangs may hold up, and for how long.
constexpr int waiting_max = 4;
constexpr Milliseconds patience{2'000};

}  // namespace

std::shared_ptr<const KnownKeys> KeyKeeper::current() const {
    const std::lock_guard lock(mutex_);
    return known_;
}

Status KeyKeeper::refresh() {
    {
        std::unique_lock lock(mutex_);
        finished_.wait(lock, [this] { return !is_reading_; });
        is_reading_ = true;
        tried_at_ = SteadyClock::now();
    }
    return take(read());
}

std::shared_ptr<const KnownKeys> KeyKeeper::newer_than(const std::shared_ptr<const KnownKeys>& known) {
    {
        std::unique_lock lock(mutex_);
        if (known_ != known) return known_;
        if (is_reading_) {
            if (waiting_ >= waiting_max) return known_;
            ++waiting_;
            finished_.wait_for(lock, patience, [this] { return !is_reading_; });
            --waiting_;
            return known_;
        }
        if (tried_at_ && SteadyClock::now() - *tried_at_ < interval_min_) return known_;
        is_reading_ = true;
        tried_at_ = SteadyClock::now();
    }
    // What is wrong is in the log; the last good set is as good as it was.
    static_cast<void>(take(read()));
    return current();
}

Result<JwtKeys> KeyKeeper::read() {
    try {
        TRY_ASSIGN(const std::string text, source_->read());
        return JwtKeys::parse(text);
    } catch (const std::exception& exception) {
        return failure(ErrorCode::unavailable, "The keys for tokens cannot be read at the moment.",
                       exception.what());
    }
}

Status KeyKeeper::take(Result<JwtKeys> read) {
    Status status;
    std::optional<std::string> new_names;
    {
        const std::lock_guard lock(mutex_);
        is_reading_ = false;
        if (!read) {
            status = std::unexpected(read.error());
        } else if (!known_ || known_->keys != *read) {
            new_names = fmt::format("{}", fmt::join(read->names(), ", "));
            const std::uint64_t generation = known_ ? known_->generation + 1 : 1;
            known_ = std::make_shared<const KnownKeys>(KnownKeys{*std::move(read), generation});
        }
        finished_.notify_all();
    }
    if (!status) {
        const Error& error = status.error();
        log_.warn("the keys for tokens could not be read",
                  {{"detail", error.log_text.empty() ? error.public_text : error.log_text}});
    } else if (new_names) {
        log_.info("keys for tokens", {{"key_ids", *new_names}});
    }
    return status;
}

}  // namespace safelight
