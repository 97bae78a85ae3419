#include "catalog/postgres/reads.h"

#include <thread>

namespace safelight::postgres {
namespace {

/// A standby that is well is a millisecond or two behind while the primary writes: worth waiting for.
constexpr int questions_max = 15;
constexpr Milliseconds question_interval{1};

}  // namespace

bool Trust::may_ask(SteadyClock::time_point now) {
    SteadyClock::rep until = doubted_until_;
    if (until == 0) return true;
    if (now.time_since_epoch().count() < until) return false;
    return doubted_until_.compare_exchange_strong(until, (now + trial).time_since_epoch().count());
}

void Trust::note_success() {
    if (doubted_until_ != 0) doubted_until_ = 0;
}

void Trust::note_trouble(Milliseconds pause, SteadyClock::time_point now) {
    doubted_until_ = (now + pause).time_since_epoch().count();
}

Result<bool> Reads::catch_up(Connection& standby, const LogPosition& wanted) {
    const ServerNotes& known = standby.notes();
    if (known.database == wanted.database && known.replayed_bytes >= wanted.bytes) return true;
    for (int question = 1;; ++question) {
        TRY_ASSIGN(const LogPosition shown, replayed_position(standby));
        if (shown.database != wanted.database) {
            return failure(ErrorCode::conflict, "The standby is one of another database.",
                           "the standby is one of another database");
        }
        if (shown.bytes >= wanted.bytes) return true;
        if (question == questions_max) return false;
        std::this_thread::sleep_for(question_interval);
    }
}

}  // namespace safelight::postgres
