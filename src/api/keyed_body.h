// Large bodies of requests with an Idempotency-Key: hashed on the pool, for the request's fingerprint.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "api/api.h"
#include "api/handlers.h"
#include "api/idempotent_call.h"
#include "base/sha256.h"
#include "http/message.h"

namespace safelight {

/// One coroutine at a time.
class KeyedBody {
  public:
    /// Beside its body the request is what its header `fields` say. All of them outlive it.
    KeyedBody(IdempotentCall& call, const http::Request& request, std::vector<std::string_view> fields);

    [[nodiscard]] IdempotentCall& call() { return call_; }
    /// To be fed with all of the body, on the pool.
    [[nodiscard]] Sha256Hasher& hasher() { return hasher_; }
    /// When all of it has gone by; the first call counts.
    void note_fingerprint();

  private:
    IdempotentCall& call_;
    const http::Request& request_;
    const std::vector<std::string_view> fields_;
    Sha256Hasher hasher_;
    bool is_noted_ = false;
};

/// What `work` answers, which feeds `keyed`; it is left undone when the request was served before: then the
/// body, of at most `bytes_max`, is read for its fingerprint alone.
[[nodiscard]] Handled serve_once(const ApiParts& api, http::Request& request, std::uint64_t bytes_max,
                                 KeyedBody& keyed, Handled work);

}  // namespace safelight
