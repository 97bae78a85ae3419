// Where uploads are let in within the quotas of their accounts: which are in force, and places for uploads
// that are under way.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <thread>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "catalog/quotas.h"
#include "telemetry/log.h"

namespace safelight {

struct QuotaConfig {
    Quotas defaults = {};           // of accounts that have none of their own
    Milliseconds lease{30'000};     // how long a place is kept by a process without a sign of life
    Milliseconds fresh_for{3'000};  // how long what is set for an account is remembered

    /// Errors: invalid_argument, one fault for each member.
    [[nodiscard]] Status validate() const;
};

struct QuotaParts {
    const Clock& clock;
    IdGenerator& ids;
    UploadQuotas& store;
    telemetry::Logger& log;
};

/// Any thread may call. What is passed in outlives it, and it outlives its places.
class QuotaDesk {
  public:
    QuotaDesk(const QuotaConfig& config, const QuotaParts& parts);
    ~QuotaDesk();
    QuotaDesk(const QuotaDesk&) = delete;
    QuotaDesk& operator=(const QuotaDesk&) = delete;

    /// What is in force for the account, as of three seconds ago at most; empty when it is not remembered.
    /// Never blocks.
    [[nodiscard]] std::optional<Quotas> remembered(AccountId account) const;
    /// The same, or as of now. Blocks when it is not remembered. Errors: unavailable.
    [[nodiscard]] Result<Quotas> in_force(AccountId account);
    /// As of now. Blocks. Errors: unavailable.
    [[nodiscard]] Result<Quotas> in_force_now(AccountId account);

    /// Blocks. Errors: unavailable.
    [[nodiscard]] Result<Usage> usage(AccountId account);

    /// A place among the uploads of an account. Given up without `leave` (the process has other trouble) it
    /// is free when its lease is over.
    class Place {
      public:
        Place(QuotaDesk& desk, UploadPlaceId id) : desk_(&desk), id_(id) {}
        ~Place();
        Place(const Place&) = delete;
        Place& operator=(const Place&) = delete;

        /// It is free for others. Blocks. Once.
        void leave();

      private:
        QuotaDesk* const desk_;
        const UploadPlaceId id_;
        bool left_ = false;
    };

    /// An upload as it begins.
    struct Arrival {
        AccountId account;
        bool counts = true;            // among the uploads of the minute
        bool is_job = true;            // it, or what it begins, is to become one
        bool has_bytes = true;         // then it takes a place
        std::uint64_t size_bytes = 1;  // of the original, or what is known to be the least of it
    };
    /// Refuses what certainly will not fit when it has come, then counts it. Returns its place, or null when
    /// it needs none. Blocks. Errors: quota_exceeded, daily_quota_exceeded, rate_limited, too_many_uploads,
    /// unavailable.
    [[nodiscard]] Result<std::unique_ptr<Place>> admit(const Arrival& arrival, const Quotas& in_force);

  private:
    struct Remembered {
        Quotas in_force;
        Timestamp read_at;
    };

    void remember(AccountId account, const Quotas& in_force);
    void forget(UploadPlaceId place);
    void hold_places(const std::stop_token& stop);

    const QuotaConfig config_;
    const QuotaParts parts_;
    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    std::map<AccountId, Remembered> accounts_;  // guarded by mutex_
    std::set<UploadPlaceId> places_;            // guarded by mutex_; that this process holds
    std::jthread thread_;                       // last: ends before the rest goes
};

}  // namespace safelight
