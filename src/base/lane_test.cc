#include "base/lane.h"

#include <gtest/gtest.h>

namespace safelight {
namespace {

TEST(Lane, HasANameThatIsUnderstood) {
    for (const Lane lane : all_lanes) EXPECT_EQ(lane_from_name(name_of(lane)), lane);
    EXPECT_EQ(lane_from_name("Normal"), std::nullopt);
}

TEST(Lane, OfAPriorityHasItsNameAndNumber) {
    for (const Priority priority : {Priority::interactive, Priority::normal, Priority::bulk}) {
        EXPECT_EQ(priority_from_name(name_of(priority)), priority);
        EXPECT_EQ(lane_from_name(name_of(priority)), lane_of(priority));
    }
}

TEST(Lane, OfTheOverflowIsNoPriority) {
    for (const Lane lane : all_lanes) {
        EXPECT_EQ(priority_from_name(name_of(lane)).has_value(), !is_overflow(lane)) << name_of(lane);
    }
    EXPECT_EQ(priority_from_name(""), std::nullopt);
}

}  // namespace
}  // namespace safelight
