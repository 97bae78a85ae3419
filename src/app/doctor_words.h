// What `safelight doctor` says of what the rooms have found out: texts alone, no server is asked here. What
// is said of each, and from what bounds on, stands in docs/doctor.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "app/config.h"
#include "app/doctor_findings.h"
#include "base/clock_skew.h"
#include "catalog/postgres/postgres_examination.h"
#include "queue/redis/redis_examination.h"

namespace safelight::app {

/// By how much a machine's clock may differ from the database's: two machines that do, each to its side, are
/// then still closer than what is left of a lease that is renewed in time.
[[nodiscard]] Milliseconds catalog_skew_max(const Config& config);
/// Of a clock that nothing here is compared with, or that the store compares more generously.
inline constexpr Milliseconds other_skew_max{60'000};

[[nodiscard]] Findings words_for(const PostgresExamination& found, const Config& config);
[[nodiscard]] Findings words_for(const RedisExamination& found, const RedisQueueConfig& redis);

/// `is_refused`: the store did not take what was signed.
void tell_of_store_clock(const ClockSkew& skew, bool is_refused, Findings& findings);

/// `free_bytes` are left where `folder` is.
void tell_of_space(const std::filesystem::path& folder, std::uint64_t free_bytes, const Config& config,
                   Findings& findings);

}  // namespace safelight::app
