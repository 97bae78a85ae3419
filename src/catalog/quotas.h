// Quotas: what an account may have and do, what it has, and its uploads that are under way.
//
// Calls as those of catalog.h: each one transaction; any thread; they block. Errors of every call:
// unavailable, storage_full.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"

namespace safelight {

/// As it is set, for an account: an empty one is the server's default, 0 is no limit. In force: an empty one
/// is no limit, and none is 0.
struct Quotas {
    std::optional<std::uint64_t> stored_bytes{};  // originals and variants
    std::optional<std::uint64_t> images{};
    std::optional<std::uint64_t> uploads_per_minute{};
    std::optional<std::uint64_t> concurrent_uploads{};
    std::optional<std::uint64_t> pixels_per_day{};  // of originals: width × height × frames; days are UTC's

    bool operator==(const Quotas&) const = default;
};

struct QuotaField {
    std::string_view name;
    std::optional<std::uint64_t> Quotas::* value;
};
inline constexpr std::array<QuotaField, 5> quota_fields{{
    {"stored_bytes", &Quotas::stored_bytes},
    {"images", &Quotas::images},
    {"uploads_per_minute", &Quotas::uploads_per_minute},
    {"concurrent_uploads", &Quotas::concurrent_uploads},
    {"pixels_per_day", &Quotas::pixels_per_day},
}};
/// Of each: the largest integer of HTTP's structured fields.
inline constexpr std::uint64_t quota_max = 999'999'999'999'999;

/// What is in force for an account.
[[nodiscard]] Quotas in_force(const Quotas& own, const Quotas& defaults);

/// Whether any is looked at when a job is created.
[[nodiscard]] constexpr bool limit_jobs(const Quotas& in_force) {
    return in_force.stored_bytes || in_force.images || in_force.pixels_per_day;
}
/// Whether any is looked at when an upload begins, or goes on, by which it takes up something.
[[nodiscard]] constexpr bool limit_requests(const Quotas& in_force) {
    return in_force.uploads_per_minute || in_force.concurrent_uploads;
}

/// What an account has, and does just now.
struct Usage {
    std::uint64_t stored_bytes = 0;
    std::uint64_t images = 0;
    std::uint64_t pixels_today = 0;
    std::uint64_t uploads_this_minute = 0;         // counted for accounts with a limit alone
    std::optional<Timestamp> minute_ends_at = {};  // while there are any
    std::uint64_t concurrent_uploads = 0;          // as well

    bool operator==(const Usage&) const = default;
};

/// When the day's pixels begin anew.
[[nodiscard]] Timestamp end_of_day(Timestamp now);

/// A job that is about to be created, as far as quotas go.
struct QuotaDemand {
    std::uint64_t stored_bytes = 0;
    std::uint64_t images = 1;
    std::uint64_t pixels = 0;
};
/// Errors: quota_exceeded (also for more pixels than a whole day has), daily_quota_exceeded.
[[nodiscard]] Status check_demand(const QuotaDemand& demand, const Quotas& in_force, const Usage& usage,
                                  Timestamp now);

using UploadPlaceId = Id<struct UploadPlaceTag>;

/// A request that uploads something.
struct UploadEntry {
    AccountId account;
    bool counts = true;                    // among the uploads of the minute
    std::optional<UploadPlaceId> place{};  // taken while its bytes come in; for a random id
    Timestamp place_expires_at{};
};

/// What is kept of uploads for their accounts' quotas. Bytes, images and pixels are counted by the database
/// itself, and checked by Catalog::create_job.
class UploadQuotas {
  public:
    virtual ~UploadQuotas() = default;

    /// What is set for the account, and nothing for one that there is not.
    [[nodiscard]] virtual Result<Quotas> find_quotas(AccountId account) = 0;

    [[nodiscard]] virtual Result<Usage> usage(AccountId account, Timestamp now) = 0;

    // `enter`, `hold` and `leave` are as exact as everything else as long as the database runs. A crash of it
    // may lose the last moment's: they hold what is under way, and acknowledge nothing.

    /// Counts the upload and takes its place, or neither; exact over all processes. Nothing is written for a
    /// quota that is not in force. Errors: rate_limited, too_many_uploads. The minute begins with the first
    /// upload after the last one ended; one that ends more than two minutes from now (another node's
    /// clock is ahead) is over.
    [[nodiscard]] virtual Status enter(const UploadEntry& entry, const Quotas& in_force, Timestamp now) = 0;

    /// Prolongs what has not run out.
    [[nodiscard]] virtual Status hold(std::span<const UploadPlaceId> places, Timestamp now,
                                      Timestamp expires_at) = 0;
    /// No error when it has run out.
    [[nodiscard]] virtual Status leave(UploadPlaceId place) = 0;
};

}  // namespace safelight
