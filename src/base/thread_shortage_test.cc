#include "base/thread_shortage.h"

#include <gtest/gtest.h>

#include "base/testing/no_threads.h"

namespace safelight {
namespace {

TEST(ThreadShortage, IsSeenAndPasses) {
    EXPECT_FALSE(lacks_threads());
    {
        const NoThreads none;
        EXPECT_TRUE(lacks_threads());
    }
    EXPECT_FALSE(lacks_threads());
}

}  // namespace
}  // namespace safelight
