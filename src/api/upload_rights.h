// Whether an upload that takes long may go on.
#pragma once

#include <chrono>

#include "api/api.h"
#include "api/upload.h"
#include "http/message.h"
#include "http/task.h"

namespace safelight {

class IdempotentCall;

/// An upload may take hours: an API key may be revoked meanwhile, and its Idempotency-Key be given up. One
/// coroutine at a time.
class UploadRights {
  public:
    /// What is passed in outlives it; `call` may be null.
    UploadRights(const ApiParts& api, const http::Request& request, IdempotentCall* call)
        : api_(api), request_(request), call_(call) {}

    /// Before the job is made. Errors: unauthenticated, forbidden, unavailable, request_outstanding.
    [[nodiscard]] http::Task<Received<void>> check();
    /// For each piece that comes in, or while none does.
    [[nodiscard]] http::Task<Received<void>> check_now_and_then();

  private:
    [[nodiscard]] http::Task<Received<void>> hold();

    const ApiParts& api_;
    const http::Request& request_;
    IdempotentCall* const call_;
    std::chrono::steady_clock::time_point checked_at_ = std::chrono::steady_clock::now();
};

}  // namespace safelight
