#include "api/upload_rights.h"

#include "api/authorisation.h"
#include "api/guarded_stream.h"
#include "api/idempotent_call.h"

namespace safelight {

http::Task<Received<void>> UploadRights::check() {
    const auto principal = co_await authorise(api_.authenticator, request_, Scope::images_write);
    if (!principal) co_return std::unexpected(principal.error());
    co_return co_await hold();
}

http::Task<Received<void>> UploadRights::check_now_and_then() {
    const auto now = std::chrono::steady_clock::now();
    if (now - checked_at_ < recheck_interval) co_return co_await hold();
    checked_at_ = now;
    co_return co_await check();
}

/// Knows by itself when it is due.
http::Task<Received<void>> UploadRights::hold() {
    if (call_ == nullptr) co_return Received<void>{};
    co_return co_await call_->hold();
}

}  // namespace safelight
