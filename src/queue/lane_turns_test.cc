#include "queue/lane_turns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace safelight {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(LaneTurns, MostLooksBeginWithTheMostUrgentAndNoLaneIsLeftOut) {
    LaneTurns turns;
    std::map<Lane, int> first;
    for (int i = 0; i < 320; ++i) ++first[turns.next().front()];
    EXPECT_THAT(first, ElementsAre(Pair(Lane::interactive, 240), Pair(Lane::normal, 40), Pair(Lane::bulk, 10),
                                   Pair(Lane::overflow_interactive, 10), Pair(Lane::overflow_normal, 10),
                                   Pair(Lane::overflow_bulk, 10)));
}

TEST(LaneTurns, BehindTheFirstComeTheOthersByUrgency) {
    LaneTurns turns;
    for (int i = 0; i < 32; ++i) {
        const LaneTurns::Order order = turns.next();
        EXPECT_TRUE(std::is_sorted(order.begin() + 1, order.end()));
        EXPECT_TRUE(std::is_permutation(order.begin(), order.end(), all_lanes.begin()));
    }
}

}  // namespace
}  // namespace safelight
