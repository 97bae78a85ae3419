#include "catalog/retention.h"

#include <algorithm>
#include <chrono>

namespace safelight {
namespace {

constexpr Milliseconds day{std::chrono::days(1)};
constexpr Milliseconds longest_pause = std::chrono::hours(4);

std::optional<Milliseconds> in_force(const std::optional<std::uint64_t>& own_days,
                                     const std::optional<Milliseconds>& otherwise) {
    if (!own_days) return otherwise;
    if (*own_days == 0) return std::nullopt;
    return static_cast<std::int64_t>(std::min(*own_days, retention_days_max)) * day;
}

}  // namespace

RetentionRules in_force(const OwnRetention& own, const RetentionRules& defaults) {
    return {
        .delete_images_after = in_force(own.delete_images_after_days, defaults.delete_images_after),
        .expire_variants_after = in_force(own.expire_variants_after_days, defaults.expire_variants_after)};
}

Milliseconds read_grain(Milliseconds expire_after) {
    return std::min(day, expire_after / 4);
}

Milliseconds pause_between_looks(const RetentionRules& rules, Milliseconds least) {
    Milliseconds pause = longest_pause;
    for (const auto& after : {rules.delete_images_after, rules.expire_variants_after})
        if (after) pause = std::min(pause, *after / 24);
    return std::max(pause, least);
}

}  // namespace safelight
