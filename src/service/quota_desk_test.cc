#include "service/quota_desk.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "service/testing/house.h"

namespace safelight {
namespace {

using testing::value_of;

/// Passes everything on, and counts.
class CountingQuotas final : public UploadQuotas {
  public:
    explicit CountingQuotas(UploadQuotas& inner) : inner_(inner) {}

    std::atomic<int> found = 0;
    std::atomic<int> asked = 0;  // for usage
    std::atomic<int> entered = 0;
    std::atomic<int> held = 0;
    std::atomic<bool> is_down = false;

    Result<Quotas> find_quotas(AccountId account) override {
        ++found;
        if (is_down) return failure(ErrorCode::unavailable, "injected");
        return inner_.find_quotas(account);
    }
    Result<Usage> usage(AccountId account, Timestamp now) override {
        ++asked;
        return inner_.usage(account, now);
    }
    Status enter(const UploadEntry& entry, const Quotas& in_force, Timestamp now) override {
        ++entered;
        return inner_.enter(entry, in_force, now);
    }
    Status hold(std::span<const UploadPlaceId> places, Timestamp now, Timestamp expires_at) override {
        Status status = inner_.hold(places, now, expires_at);
        ++held;
        held.notify_all();
        return status;
    }
    Status leave(UploadPlaceId place) override {
        if (is_down) return failure(ErrorCode::unavailable, "injected");
        return inner_.leave(place);
    }

  private:
    UploadQuotas& inner_;
};

class QuotaDeskTest : public ::testing::Test {
  protected:
    [[nodiscard]] std::unique_ptr<QuotaDesk> desk(const QuotaConfig& config = {}) {
        return std::make_unique<QuotaDesk>(
            config, QuotaParts{.clock = clock_, .ids = house_.ids, .store = store_, .log = house_.log});
    }
    static ErrorCode code_of(const Result<std::unique_ptr<QuotaDesk::Place>>& result) {
        return result ? ErrorCode::internal : result.error().code;
    }
    [[nodiscard]] std::uint64_t places() {
        return value_of(store_.usage(house_.owner, clock_.now())).concurrent_uploads;
    }

    ManualClock clock_{Timestamp{Milliseconds{1'795'000'000'000}}};
    testing::House house_{clock_};
    CountingQuotas store_{house_.database->upload_quotas()};
};

TEST_F(QuotaDeskTest, WhatIsInForceIsRememberedForAWhile) {
    const auto desk = this->desk({.defaults = {.images = 5}});
    EXPECT_EQ(desk->remembered(house_.owner), std::nullopt);
    EXPECT_EQ(value_of(desk->in_force(house_.owner)), (Quotas{.images = 5}));
    const auto set =
        house_.database->accounts().change_quotas(house_.owner, [](Quotas& quotas) { quotas.images = 7; });
    ASSERT_TRUE(set);
    EXPECT_EQ(value_of(desk->in_force(house_.owner)), (Quotas{.images = 5}));
    EXPECT_EQ(store_.found, 1);
    clock_.advance(Milliseconds{3'000});
    EXPECT_EQ(desk->remembered(house_.owner), std::nullopt);
    EXPECT_EQ(value_of(desk->in_force(house_.owner)), (Quotas{.images = 7}));
}

TEST_F(QuotaDeskTest, WhoAsksForNowIsToldAndItIsRemembered) {
    const auto desk = this->desk();
    EXPECT_EQ(value_of(desk->in_force(house_.owner)), Quotas{});
    ASSERT_TRUE(
        house_.database->accounts().change_quotas(house_.owner, [](Quotas& quotas) { quotas.images = 7; }));
    EXPECT_EQ(value_of(desk->in_force_now(house_.owner)), (Quotas{.images = 7}));
    EXPECT_EQ(desk->remembered(house_.owner), (Quotas{.images = 7}));
}

TEST_F(QuotaDeskTest, ACatalogThatIsDownLetsNobodyIn) {
    const auto desk = this->desk();
    store_.is_down = true;
    const auto in_force = desk->in_force(house_.owner);
    ASSERT_FALSE(in_force);
    EXPECT_EQ(in_force.error().code, ErrorCode::unavailable);
}

TEST_F(QuotaDeskTest, WhatCannotFitIsRefusedBeforeItIsCounted) {
    const auto desk = this->desk();
    const Job job = house_.upload({});
    const Quotas limits{.stored_bytes = job.image.size_bytes * 2, .uploads_per_minute = 10};
    EXPECT_EQ(code_of(desk->admit({.account = house_.owner, .size_bytes = job.image.size_bytes + 1}, limits)),
              ErrorCode::quota_exceeded);
    EXPECT_EQ(store_.entered, 0);
    EXPECT_TRUE(desk->admit({.account = house_.owner, .size_bytes = job.image.size_bytes}, limits));
    EXPECT_EQ(value_of(desk->usage(house_.owner)).uploads_this_minute, 1U);
    EXPECT_TRUE(desk->admit({.account = house_.owner, .is_job = false, .size_bytes = 1'000'000}, limits));
}

TEST_F(QuotaDeskTest, APlaceIsFreeWhenItIsLeft) {
    const auto desk = this->desk();
    const Quotas limits{.concurrent_uploads = 1};
    const auto place = value_of(desk->admit({.account = house_.owner}, limits));
    ASSERT_TRUE(place);
    EXPECT_EQ(code_of(desk->admit({.account = house_.owner}, limits)), ErrorCode::too_many_uploads);
    EXPECT_EQ(value_of(desk->admit({.account = house_.owner, .has_bytes = false}, limits)), nullptr);
    place->leave();
    place->leave();
    EXPECT_EQ(places(), 0U);
    EXPECT_TRUE(value_of(desk->admit({.account = house_.owner}, limits)));
}

TEST_F(QuotaDeskTest, APlaceIsHeldForAsLongAsItIsThere) {
    const auto desk = this->desk({.lease = Milliseconds{30}});
    auto place = value_of(desk->admit({.account = house_.owner}, {.concurrent_uploads = 1}));
    clock_.advance(Milliseconds{29});
    const int before = store_.held;
    // One that had begun before the clock moved is not the one.
    for (int held = store_.held; held < before + 2; held = store_.held) store_.held.wait(held);
    clock_.advance(Milliseconds{29});
    EXPECT_EQ(places(), 1U);
    place.reset();  // as when a request is torn down
    EXPECT_EQ(places(), 1U);
    clock_.advance(Milliseconds{31});
    EXPECT_EQ(places(), 0U);
}

TEST_F(QuotaDeskTest, APlaceThatCannotBeFreedRunsOut) {
    const auto desk = this->desk();
    const auto place = value_of(desk->admit({.account = house_.owner}, {.concurrent_uploads = 1}));
    store_.is_down = true;
    place->leave();
    EXPECT_EQ(house_.log.count(telemetry::Level::warn, "a place for an upload could not be freed"), 1U);
    EXPECT_EQ(places(), 1U);
    clock_.advance(QuotaConfig{}.lease);
    EXPECT_EQ(places(), 0U);
}

TEST(QuotaConfigTest, IsChecked) {
    EXPECT_TRUE(QuotaConfig{}.validate());
    const Status bad =
        QuotaConfig{.defaults = {.images = quota_max + 1}, .lease = Milliseconds{0}}.validate();
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().faults.size(), 2U);
}

}  // namespace
}  // namespace safelight
