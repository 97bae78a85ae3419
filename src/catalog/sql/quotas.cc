#include "catalog/sql/quotas.h"

#include <fmt/format.h>

namespace safelight {
namespace {

std::optional<std::uint64_t> optional_number(Columns& columns) {
    if (!columns.next_is_null()) return columns.number<std::uint64_t>();
    columns.skip(1);
    return std::nullopt;
}

/// A shard that is read beside others may be ahead of them; the sum is that of one moment, and not negative.
std::uint64_t total(Columns& columns) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(columns.number(), 0));
}

}  // namespace

Quotas read_quotas(Columns& columns) {
    Quotas quotas;
    for (const QuotaField& field : quota_fields) quotas.*field.value = optional_number(columns);
    return quotas;
}

Usage read_usage(Columns& columns) {
    Usage usage;
    usage.stored_bytes = total(columns);
    usage.images = total(columns);
    usage.pixels_today = total(columns);
    usage.uploads_this_minute = total(columns);
    usage.minute_ends_at = columns.optional_time();
    usage.concurrent_uploads = total(columns);
    return usage;
}

std::int64_t day_of(Timestamp time) {
    return time.time_since_epoch() / Milliseconds{std::chrono::days(1)};
}

std::unexpected<Error> rate_limited(std::uint64_t limit, const Usage& usage, Timestamp now) {
    // Without an end it ended just now.
    const Milliseconds left = usage.minute_ends_at ? *usage.minute_ends_at - now : Milliseconds{1};
    const auto left_s = static_cast<std::uint32_t>(std::chrono::ceil<std::chrono::seconds>(left).count());
    return std::unexpected(
        Error{ErrorCode::rate_limited,
              fmt::format("The account may begin {} uploads in a minute. Try again in {} s.", limit, left_s),
              {},
              {},
              ExceededQuota{"uploads_per_minute", limit, usage.uploads_this_minute, left_s}});
}

std::unexpected<Error> too_many_uploads(std::uint64_t limit, std::uint64_t used) {
    return std::unexpected(
        Error{ErrorCode::too_many_uploads,
              fmt::format("The account may have {} uploads under way at a time, and has {}.", limit, used),
              {},
              {},
              ExceededQuota{"concurrent_uploads", limit, used, 1}});
}

}  // namespace safelight
