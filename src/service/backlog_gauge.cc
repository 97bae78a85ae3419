#include "service/backlog_gauge.h"

namespace safelight {
namespace {

constexpr Milliseconds fresh_for{1'000};

}  // namespace

Result<std::uint64_t> BacklogGauge::read() {
    // Held during the query, so that a burst of uploads asks once.
    const std::lock_guard lock(mutex_);
    const Timestamp now = clock_.now();
    // A clock that was set back must not keep an old figure fresh.
    const bool is_fresh = read_at_ && now >= *read_at_ && now - *read_at_ < fresh_for;
    if (!is_fresh) {
        TRY_ASSIGN(jobs_, claims_.backlog());
        read_at_ = now;
    }
    return jobs_;
}

Status BacklogGauge::admit(std::uint64_t jobs_max) {
    TRY_ASSIGN(const std::uint64_t jobs, read());
    if (jobs >= jobs_max) {
        return failure(ErrorCode::overloaded, "Too many jobs are waiting. Try again later.");
    }
    return {};
}

}  // namespace safelight
