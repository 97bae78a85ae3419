#include "worker/duties/answer_sweeper.h"

#include <gtest/gtest.h>

#include <string>

#include "service/testing/house.h"

namespace safelight {
namespace {

using namespace safelight::testing;
using namespace std::chrono_literals;

class AnswerSweeperTest : public ::testing::Test {
  protected:
    void hold(const std::string& key) {
        IdempotencyClaim claim{.account = default_account(),
                               .key_hash = sha256_of(std::as_bytes(std::span(key))),
                               .token = house.ids.next<JobId>().uuid};
        ASSERT_TRUE(store.claim(claim, 1s, clock.now()));
    }

    ManualClock clock{Timestamp{1'700'000'000'000ms}};
    House house{clock};
    Idempotency& store = house.database->idempotency();
    AnswerSweeper sweeper{clock, store, house.log, 1h};
};

TEST_F(AnswerSweeperTest, DropsWhatIsOverInBatches) {
    for (int i = 0; i < 600; ++i) hold(std::to_string(i));
    EXPECT_EQ(sweeper.sweep({}), 0U);
    clock.advance(1s);
    hold("alive");
    EXPECT_EQ(sweeper.sweep({}), 600U);
    EXPECT_EQ(house.log.count(telemetry::Level::debug, "kept answers swept"), 1U);
    EXPECT_EQ(sweeper.sweep({}), 0U);
    clock.advance(1s);
    EXPECT_EQ(sweeper.sweep({}), 1U);
}

TEST_F(AnswerSweeperTest, EndsWhenAskedTo) {
    hold("a");
    clock.advance(1s);
    std::stop_source source;
    source.request_stop();
    EXPECT_EQ(sweeper.sweep(source.get_token()), 0U);
}

}  // namespace
}  // namespace safelight
