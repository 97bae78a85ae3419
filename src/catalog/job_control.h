// What may be done to a job that does not go on, or that nobody wants any more.
//
// Calls as those of catalog.h: each one transaction, durable when it returns; any thread; they block. Errors
// of every call: not_found (also somebody else's), unavailable, storage_full.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "catalog/records.h"

namespace safelight {

class JobControl {
  public:
    virtual ~JobControl() = default;

    /// Failed variants are pending again, and so is what nobody works on any more: a job whose lease ran out,
    /// or that nobody holds and that was claimed `tries_max` times. The count of tries begins anew, the job
    /// is claimable at once, and a worker that lost its lease is fenced; one that still has it goes on.
    /// Returns the job as it stands then. Errors: nothing_to_retry (nothing is changed; so that of two equal
    /// calls the second has no effect).
    [[nodiscard]] virtual Result<Job> retry(AccountId owner, JobId id, std::uint32_t tries_max,
                                            Timestamp now) = 0;

    /// Pending variants are failed, with the error `cancelled`, and whoever works on them is fenced. Returns
    /// the job as it stands then. Errors: nothing_to_cancel (nothing is changed).
    [[nodiscard]] virtual Result<Job> cancel(AccountId owner, JobId id, Timestamp now) = 0;
};

}  // namespace safelight
