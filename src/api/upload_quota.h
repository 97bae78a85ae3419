// What the quotas of an account make of an upload, and what its client is told of them.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "api/api.h"
#include "api/handlers.h"
#include "api/problems.h"
#include "api/upload.h"
#include "catalog/quotas.h"
#include "http/task.h"
#include "service/quota_desk.h"

namespace safelight {

/// One request that uploads something. One coroutine at a time.
class UploadQuota {
  public:
    /// `api` outlives it. Of a request that was served before nothing counts.
    UploadQuota(const ApiParts& api, AccountId account, const IdempotentCall* call);

    /// Before the body is read, once everything else that can be known by then is good; at most once. Of
    /// `arrival` the account does not count. Errors: as QuotaDesk::admit.
    [[nodiscard]] http::Task<Received<void>> begin(QuotaDesk::Arrival arrival);

    /// For UploadDetails: what is in force when it is called, not when the upload began. May outlive this,
    /// not the API.
    [[nodiscard]] std::function<Result<Quotas>()> now() const;

    /// To be held while the job is created, where quotas make its transaction wait for others of the account.
    /// Errors: overloaded.
    [[nodiscard]] http::Task<Result<std::optional<AccountTurns::Turn>>> job_turn();

    /// The request's answer, which now says how much is left. Others may take its place. Await it in any
    /// case.
    [[nodiscard]] Handled end(Answer answer);

  private:
    /// Blocks.
    Result<std::unique_ptr<QuotaDesk::Place>> admit(const QuotaDesk::Arrival& arrival);
    Result<std::optional<Usage>> leave();

    const ApiParts& api_;
    const AccountId account_;
    const bool is_repetition_;
    bool is_known_ = false;  // what is in force
    Quotas in_force_;
    std::unique_ptr<QuotaDesk::Place> place_;
};

/// RateLimit-Policy and RateLimit, of draft-ietf-httpapi-ratelimit-headers: the quotas that begin anew by
/// themselves, if there is one in force. `headers` may have them from before.
void set_rate_limit(http::Headers& headers, const Quotas& in_force, const Usage& usage, Timestamp now);
/// From one wording of an answer to another.
void copy_rate_limit(const http::Headers& from, http::Headers& to);
/// They tell of the moment: they are not kept with answers.
[[nodiscard]] bool is_rate_limit(std::string_view header_name);

}  // namespace safelight
