#include "app/descriptor_limit.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <limits>

namespace safelight::app {
namespace {

TEST(ConnectionsThatFit, TakeAtMostHalfOfTheDescriptors) {
    EXPECT_EQ(connections_that_fit(1'024, 256), 128U);
    EXPECT_EQ(connections_that_fit(128, 256), 128U);
    EXPECT_EQ(connections_that_fit(100, 256), 100U);
    EXPECT_EQ(connections_that_fit(1'024, std::numeric_limits<std::uint64_t>::max()), 1'024U);
    EXPECT_EQ(connections_that_fit(1'024, 1), 1U);
}

TEST(ConnectionsThatFit, ASoftLimitIsRaisedAndAHardOneHolds) {
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    ASSERT_GE(before.rlim_max, 512U);
    rlimit few = before;
    few.rlim_cur = 64;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
    const auto log = telemetry::make_silent_logger();
    EXPECT_EQ(make_room_for_connections(256, *log), 256U);
    rlimit raised{};
    ::getrlimit(RLIMIT_NOFILE, &raised);
    EXPECT_EQ(raised.rlim_cur, before.rlim_max);
    EXPECT_EQ(raised.rlim_max, before.rlim_max);
    ::setrlimit(RLIMIT_NOFILE, &before);
}

}  // namespace
}  // namespace safelight::app
