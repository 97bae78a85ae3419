#include "worker/duties/overdue_sweeper.h"

#include <gtest/gtest.h>

#include <string>

#include "service/testing/house.h"

namespace safelight {
namespace {

using namespace safelight::testing;
using namespace std::chrono_literals;

class OverdueSweeperTest : public ::testing::Test {
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
    ResumableUploads& uploads = house.database->resumable_uploads();
    OverdueSweeper sweeper{clock, overdue_kinds(&store, &uploads, nullptr), house.log, 1h};
};

TEST_F(OverdueSweeperTest, DropsWhatIsOverInBatches) {
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

TEST_F(OverdueSweeperTest, DropsUploadsThatHaveExpired) {
    ResumableUpload upload;
    upload.id = house.ids.next<UploadId>();
    upload.owner = house.owner;
    upload.size_bytes = 10;
    upload.expires_at = clock.now() + 1s;
    ASSERT_TRUE(uploads.create(upload, 10));
    EXPECT_EQ(sweeper.sweep({}), 0U);
    clock.advance(1s);
    EXPECT_EQ(sweeper.sweep({}), 1U);
    EXPECT_EQ(house.log.count(telemetry::Level::debug, "expired uploads swept"), 1U);
    EXPECT_FALSE(uploads.find(house.owner, upload.id));
}

TEST_F(OverdueSweeperTest, OneKindThatFailsLeavesTheOthersAlone) {
    OverdueSweeper partly(
        clock,
        {{"bad things",
          [](std::uint32_t, Timestamp) -> Result<std::uint64_t> {
              return failure(ErrorCode::unavailable, "injected");
          }},
         {"good things", [](std::uint32_t, Timestamp) { return Result<std::uint64_t>(3); }}},
        house.log, 1h);
    EXPECT_EQ(partly.sweep({}), 3U);
    EXPECT_EQ(house.log.count(telemetry::Level::warn, "sweeping bad things failed"), 1U);
}

TEST_F(OverdueSweeperTest, EndsWhenAskedTo) {
    hold("a");
    clock.advance(1s);
    std::stop_source source;
    source.request_stop();
    EXPECT_EQ(sweeper.sweep(source.get_token()), 0U);
}

}  // namespace
}  // namespace safelight
