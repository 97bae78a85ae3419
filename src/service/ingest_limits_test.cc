#include <gtest/gtest.h>

#include <latch>
#include <thread>

#include "service/ingest.h"
#include "service/testing/house.h"

namespace safelight {
namespace {

using namespace safelight::testing;
using namespace std::chrono_literals;

class IngestLimits : public ::testing::Test {
  protected:
    ManualClock clock{Timestamp{1'700'000'000'000ms}};
    House house{clock};
};

TEST_F(IngestLimits, TooManyUploadsAtOnceAreRefused) {
    const auto ingest = house.make_ingest({.uploads_max = 2});
    auto first = value_of(ingest->begin(house.owner));
    const auto second = value_of(ingest->begin(house.owner));
    const auto third = ingest->begin(house.owner);
    ASSERT_FALSE(third);
    EXPECT_EQ(third.error().code, ErrorCode::overloaded);
    first.reset();
    EXPECT_TRUE(ingest->begin(house.owner)) << "the slot is free again";
}

TEST_F(IngestLimits, ALongBacklogRefusesUploads) {
    static_cast<void>(house.upload());
    const auto ingest = house.make_ingest({.backlog_max = 2});
    EXPECT_TRUE(ingest->begin(house.owner));
    static_cast<void>(house.upload());
    EXPECT_TRUE(ingest->begin(house.owner)) << "the figure is not a second old yet";
    clock.advance(1s);
    const auto refused = ingest->begin(house.owner);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::overloaded);
}

TEST_F(IngestLimits, TheBacklogIsAskedOnceASecond) {
    const auto ingest = house.make_ingest();
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(ingest->begin(house.owner));
    EXPECT_EQ(house.script.count("backlog"), 1U);
    clock.advance(1s);
    EXPECT_TRUE(ingest->begin(house.owner));
    EXPECT_EQ(house.script.count("backlog"), 2U);
    clock.advance(-1h);
    EXPECT_TRUE(ingest->begin(house.owner));
    EXPECT_EQ(house.script.count("backlog"), 3U) << "a clock that was set back does not keep it";
}

TEST_F(IngestLimits, ACatalogThatDoesNotAnswerRefusesUploads) {
    house.script.before("backlog", failing(ErrorCode::unavailable));
    const auto ingest = house.make_ingest({.uploads_max = 1});
    const auto refused = ingest->begin(house.owner);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
    house.script.clear();
    EXPECT_TRUE(ingest->begin(house.owner)) << "the slot was given back";
}

TEST_F(IngestLimits, ProbesAreBounded) {
    std::latch probing(1);
    std::latch go_on(1);
    house.renderer.on_probe([&](ByteSource&) -> Result<ImageFacts> {
        probing.count_down();
        go_on.wait();
        return ScriptedRenderer::facts();
    });
    const auto ingest = house.make_ingest({.probes_max = 1, .probe_wait = 1ms});
    const auto first = value_of(ingest->begin(house.owner));
    const auto second = value_of(ingest->begin(house.owner));
    ASSERT_TRUE(first->write(make_picture()));
    ASSERT_TRUE(second->write(make_picture()));
    std::jthread prober([&] { EXPECT_TRUE(first->finish({})); });
    probing.wait();
    const auto refused = second->finish({});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::overloaded);
    go_on.count_down();
    prober.join();
    house.expect_in_order();
    EXPECT_EQ(house.stored().size(), 1U);
}

TEST_F(IngestLimits, AProbeWaitsForItsTurn) {
    std::latch probing(1);
    std::latch go_on(1);
    house.renderer.on_probe([&](ByteSource&) -> Result<ImageFacts> {
        if (house.renderer.probes() == 1) {
            probing.count_down();
            go_on.wait();
        }
        return ScriptedRenderer::facts();
    });
    const auto ingest = house.make_ingest({.probes_max = 1, .probe_wait = patience});
    const auto first = value_of(ingest->begin(house.owner));
    const auto second = value_of(ingest->begin(house.owner));
    ASSERT_TRUE(first->write(make_picture()));
    ASSERT_TRUE(second->write(make_picture()));
    std::jthread prober([&] { EXPECT_TRUE(first->finish({})); });
    probing.wait();
    std::jthread waiter([&] { EXPECT_TRUE(second->finish({})); });
    go_on.count_down();
    prober.join();
    waiter.join();
    EXPECT_EQ(house.stored().size(), 2U);
}

TEST(IngestConfig, EveryMemberIsChecked) {
    EXPECT_TRUE(IngestConfig{}.validate());
    const IngestConfig bad{.bytes_max = 0,
                           .uploads_max = 0,
                           .probes_max = 0,
                           .backlog_max = 0,
                           .probe_wait = 0ms,
                           .write_deadline = 0ms};
    const Status refused = bad.validate();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(refused.error().faults.size(), 6U);
}

}  // namespace
}  // namespace safelight
