#include "worker/duties/retention_duty.h"

#include <gtest/gtest.h>

#include "service/testing/house.h"
#include "worker/duties/sweeper.h"

namespace safelight {
namespace {

using namespace safelight::testing;
using namespace std::chrono_literals;

constexpr Milliseconds day{std::chrono::days(1)};

class RetentionDutyTest : public ::testing::Test {
  protected:
    /// With stored bytes for its variant.
    Job make_ready() {
        const Job job = house.upload({"thumbnail"}, 300);
        const Claim claim = *value_of(house.claims.claim(job.id, 1min, clock.now()));
        VariantOutcome outcome{.name = "thumbnail", .content = VariantContent{}, .error = {}};
        const auto keys = value_of(house.keys.variants.take(1));
        const auto info = value_of(put(*house.blobs, keys.front(), std::as_bytes(std::span("bytes", 5))));
        outcome.content = VariantContent{.blob = keys.front(),
                                         .format = Format::jpeg,
                                         .width_px = 10,
                                         .height_px = 10,
                                         .size_bytes = info.size_bytes,
                                         .sha256 = info.sha256};
        EXPECT_TRUE(house.claims.complete(job.id, claim.attempt, std::span(&outcome, 1), clock.now()));
        return house.find(job.id);
    }
    [[nodiscard]] RetentionDuty duty(const RetentionRules& defaults) {
        return {{clock,
                 &house.database->retention(),
                 {house.ledger, *house.blobs, house.log},
                 house.watch,
                 house.metrics},
                {.defaults = defaults, .images_max = 10}};
    }
    [[nodiscard]] std::string metrics() { return house.metrics.expose(); }

    ManualClock clock{Timestamp{1'700'000'000'000ms}};
    House house{clock};
};

TEST_F(RetentionDutyTest, OldImagesGoInManyStepsAndLeaveNothing) {
    for (int i = 0; i < 35; ++i) make_ready();
    auto duty = this->duty({.delete_images_after = 30 * day});
    clock.advance(29 * day);
    EXPECT_EQ(duty.run({}).deleted_images, 0U);
    clock.advance(2 * day);
    EXPECT_EQ(duty.run({}).deleted_images, 35U);
    house.expect_nothing();
    EXPECT_NE(metrics().find("safelight_deletions_total 35"), std::string::npos);
    EXPECT_NE(metrics().find("safelight_retention_total{what=\"image_deleted\"} 35"), std::string::npos);
    EXPECT_EQ(house.log.count(telemetry::Level::info, "retention"), 1U) << "a round without news is silent";
}

TEST_F(RetentionDutyTest, WhoWaitsForADeletedJobIsTold) {
    const Job job = house.upload();
    int told = 0;
    const auto subscription = house.watch.subscribe(job.id, [&told] { ++told; });
    clock.advance(31 * day);
    EXPECT_EQ(duty({.delete_images_after = 30 * day}).run({}).deleted_images, 1U);
    EXPECT_EQ(told, 1);
}

TEST_F(RetentionDutyTest, BytesThatCannotBeRemovedAreTheSweepers) {
    make_ready();
    clock.advance(31 * day);
    house.faults.fail(BlobOperation::remove, 1, {ErrorCode::unavailable, "injected", {}, {}});
    EXPECT_EQ(duty({.delete_images_after = 30 * day}).run({}).deleted_images, 1U);
    EXPECT_FALSE(house.entries().empty());
    Sweeper sweeper(clock, {house.ledger, *house.blobs, house.log}, house.keys, house.metrics, 1h);
    sweeper.sweep({});
    house.expect_nothing();
}

TEST_F(RetentionDutyTest, VariantsExpireAndTheirBytesAreSwept) {
    const Job job = make_ready();
    auto duty = this->duty({.expire_variants_after = 2 * day});
    duty.run({});
    std::uint64_t expired = 0;
    for (int i = 0; i < 3; ++i) {
        clock.advance(day);
        expired += duty.run({}).expired_variants;
    }
    EXPECT_EQ(expired, 1U);
    EXPECT_EQ(house.find(job.id).image.variants.front().status, VariantStatus::expired);
    EXPECT_NE(metrics().find("safelight_retention_total{what=\"variant_expired\"} 1"), std::string::npos);
    Sweeper sweeper(clock, {house.ledger, *house.blobs, house.log}, house.keys, house.metrics, 1h);
    EXPECT_EQ(sweeper.sweep({}), 1U);
    house.expect_in_order();
}

TEST_F(RetentionDutyTest, EndsWhenAskedTo) {
    make_ready();
    clock.advance(31 * day);
    std::stop_source source;
    source.request_stop();
    EXPECT_EQ(duty({.delete_images_after = 30 * day}).run(source.get_token()).deleted_images, 0U);
}

TEST_F(RetentionDutyTest, WithoutACatalogForItNothingGoes) {
    make_ready();
    clock.advance(31 * day);
    RetentionDuty none({clock, nullptr, {house.ledger, *house.blobs, house.log}, house.watch, house.metrics},
                       {.defaults = {.delete_images_after = day}});
    EXPECT_EQ(none.run({}).deleted_images, 0U);
}

}  // namespace
}  // namespace safelight
