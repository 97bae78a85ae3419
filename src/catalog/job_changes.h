// Which jobs changed their status, in an order in which nobody who reads along misses one: the order in which
// it became visible. For whoever tells clients what becomes of their jobs. Nothing is logged: each job knows
// the place of its newest change alone, so that who reads late sees what has become, not each step.
//
// Calls as those of catalog.h, but that they only read; any thread; they block. Errors of every call:
// unavailable.
#pragma once

#include <compare>
#include <cstdint>
#include <vector>

#include "base/result.h"
#include "catalog/records.h"

namespace safelight {

/// A place in that order. Places of one database compare; what a place's numbers are, is the database's own.
struct ChangePlace {
    std::uint64_t change = 0;
    JobId job;

    auto operator<=>(const ChangePlace&) const = default;
};

struct JobChange {
    ChangePlace place;
    Job job;  // as it stands now

    bool operator==(const JobChange&) const = default;
};

class JobChanges {
  public:
    virtual ~JobChanges() = default;

    /// The end: all that comes has a higher place, and nothing that is visible has.
    [[nodiscard]] virtual Result<ChangePlace> end() = 0;

    /// The owner's jobs whose newest change has a place above `after`, in order. A change may show late, when
    /// others are being committed (PostgreSQL: while any transaction that began to write before it is open),
    /// but then no later one shows before it. Cost depends on `limit`, not on the table's size.
    [[nodiscard]] virtual Result<std::vector<JobChange>> after(AccountId owner, const ChangePlace& after,
                                                               std::uint32_t limit) = 0;

    /// At once, whatever else is being committed. Errors: not_found, also for somebody else's.
    [[nodiscard]] virtual Result<JobChange> find(AccountId owner, JobId id) = 0;
};

}  // namespace safelight
