#include "catalog/quotas.h"

#include <fmt/format.h>

#include <chrono>
#include <string>

namespace safelight {
namespace {

constexpr Milliseconds day_length{std::chrono::days(1)};

std::string text_of(std::string_view name) {
    if (name == "stored_bytes") return "bytes stored";
    if (name == "images") return "images";
    return "pixels of new pictures in a day";
}

std::unexpected<Error> exceeded(std::string_view name, std::uint64_t limit, std::uint64_t used,
                                std::uint64_t wanted, std::optional<std::uint32_t> retry_after_s) {
    const ErrorCode code = retry_after_s ? ErrorCode::daily_quota_exceeded : ErrorCode::quota_exceeded;
    std::string text = fmt::format("The account may have {} {}, and has {}; this one would add {} at least.",
                                   limit, text_of(name), used, wanted);
    return std::unexpected(
        Error{code, std::move(text), {}, {}, ExceededQuota{std::string(name), limit, used, retry_after_s}});
}

/// `used` may be above the limit: variants are made all the same, and limits are lowered.
bool fits(std::uint64_t wanted, const std::optional<std::uint64_t>& limit, std::uint64_t used) {
    return !limit || (used <= *limit && wanted <= *limit - used);
}

}  // namespace

Quotas in_force(const Quotas& own, const Quotas& defaults) {
    Quotas limits;
    for (const QuotaField& field : quota_fields) {
        const auto& value = own.*field.value ? own.*field.value : defaults.*field.value;
        if (value && *value > 0) limits.*field.value = value;
    }
    return limits;
}

Timestamp end_of_day(Timestamp now) {
    return std::chrono::time_point_cast<Milliseconds>(std::chrono::floor<std::chrono::days>(now)) +
           day_length;
}

Status check_demand(const QuotaDemand& demand, const Quotas& in_force, const Usage& usage, Timestamp now) {
    if (!fits(demand.images, in_force.images, usage.images))
        return exceeded("images", *in_force.images, usage.images, demand.images, {});
    if (!fits(demand.stored_bytes, in_force.stored_bytes, usage.stored_bytes))
        return exceeded("stored_bytes", *in_force.stored_bytes, usage.stored_bytes, demand.stored_bytes, {});
    if (!fits(demand.pixels, in_force.pixels_per_day, usage.pixels_today)) {
        // It would not fit tomorrow either.
        if (demand.pixels > *in_force.pixels_per_day)
            return exceeded("pixels_per_day", *in_force.pixels_per_day, usage.pixels_today, demand.pixels,
                            {});
        const auto left = std::chrono::ceil<std::chrono::seconds>(end_of_day(now) - now);
        return exceeded("pixels_per_day", *in_force.pixels_per_day, usage.pixels_today, demand.pixels,
                        static_cast<std::uint32_t>(left.count()));
    }
    return {};
}

}  // namespace safelight
