#include "catalog/retention.h"

#include <gtest/gtest.h>

#include <chrono>

namespace safelight {
namespace {

using namespace std::chrono_literals;

constexpr Milliseconds day{std::chrono::days(1)};

TEST(Retention, AnAccountsOwnRuleComesBeforeTheDefault) {
    const RetentionRules defaults{.delete_images_after = 30 * day, .expire_variants_after = 7 * day};
    EXPECT_EQ(in_force({}, defaults), defaults);
    EXPECT_EQ(in_force({}, {}), RetentionRules{});
    EXPECT_EQ(in_force({.delete_images_after_days = 1, .expire_variants_after_days = 400}, defaults),
              (RetentionRules{.delete_images_after = day, .expire_variants_after = 400 * day}));
    EXPECT_EQ(in_force({.delete_images_after_days = 2}, {}), RetentionRules{.delete_images_after = 2 * day});
}

TEST(Retention, ZeroIsForEver) {
    const RetentionRules defaults{.delete_images_after = 30 * day, .expire_variants_after = 7 * day};
    EXPECT_EQ(in_force({.delete_images_after_days = 0}, defaults),
              RetentionRules{.expire_variants_after = 7 * day});
    const RetentionRules none =
        in_force({.delete_images_after_days = 0, .expire_variants_after_days = 0}, defaults);
    EXPECT_FALSE(none.are_any());
}

TEST(Retention, ReadsAreNotedOnceADayOrFourTimesInAShorterLife) {
    EXPECT_EQ(read_grain(30 * day), day);
    EXPECT_EQ(read_grain(4 * day), day);
    EXPECT_EQ(read_grain(1 * day), 6h);
    EXPECT_EQ(read_grain(4s), 1s);
}

TEST(Retention, LooksAreRareBesideTheRulesAndNeverTooFrequent) {
    EXPECT_EQ(pause_between_looks({}, 1min), 4h);
    EXPECT_EQ(pause_between_looks({.delete_images_after = 30 * day}, 1min), 4h);
    EXPECT_EQ(pause_between_looks({.delete_images_after = 30 * day, .expire_variants_after = day}, 1min), 1h);
    EXPECT_EQ(pause_between_looks({.expire_variants_after = 4s}, 200ms), 200ms);
}

}  // namespace
}  // namespace safelight
