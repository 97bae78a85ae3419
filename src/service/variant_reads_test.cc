#include "service/variant_reads.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>

#include "service/testing/house.h"

namespace safelight {
namespace {

using namespace std::chrono_literals;
using testing::House;
using testing::value_of;

constexpr Milliseconds day{std::chrono::days(1)};

/// Passes everything on, and counts.
class CountingRetention final : public Retention {
  public:
    explicit CountingRetention(Retention& inner) : inner_(inner) {}

    std::atomic<int> asked = 0;
    std::atomic<std::size_t> noted = 0;
    std::atomic<bool> is_down = false;

    Result<OwnRetention> find_rules(AccountId account) override {
        if (is_down) return failure(ErrorCode::unavailable, "injected");
        return inner_.find_rules(account);
    }
    Result<bool> has_own_expiry() override {
        Result<bool> has = is_down ? failure(ErrorCode::unavailable, "injected") : inner_.has_own_expiry();
        ++asked;
        asked.notify_all();
        return has;
    }
    Result<std::optional<RetentionStep>> step(const RetentionLook& look, Timestamp now) override {
        return inner_.step(look, now);
    }
    Result<std::optional<Remaking>> ask_again(AccountId owner, ImageId image, std::string_view variant,
                                              Timestamp now) override {
        return inner_.ask_again(owner, image, variant, now);
    }
    Status note_reads(std::span<const VariantRead> reads, Milliseconds expire_after) override {
        noted += reads.size();
        return inner_.note_reads(reads, expire_after);
    }

  private:
    Retention& inner_;
};

class VariantReadsTest : public ::testing::Test {
  protected:
    /// Has looked for rules once.
    [[nodiscard]] std::unique_ptr<VariantReads> reads(const RetentionRules& defaults = {}) {
        const int before = store_.asked;
        auto made = std::make_unique<VariantReads>(VariantReadsConfig{.defaults = defaults, .interval = 1h},
                                                   clock_, store_, house_.log);
        if (!defaults.expire_variants_after) store_.asked.wait(before);
        return made;
    }
    [[nodiscard]] Job ready(const std::vector<std::string>& variants = {"a"}) {
        const Job job = house_.upload(variants, 300);
        const Claim claim = *value_of(house_.claims.claim(job.id, 1min, clock_.now()));
        std::vector<VariantOutcome> outcomes;
        for (const std::string& name : variants) {
            VariantOutcome outcome{.name = name, .content = VariantContent{}, .error = {}};
            outcome.content->blob = house_.ids.next<BlobKey>();
            outcome.content->width_px = outcome.content->height_px = 1;
            EXPECT_TRUE(house_.ledger.reserve(std::array{outcome.content->blob}, clock_.now() + 1min));
            outcomes.push_back(std::move(outcome));
        }
        EXPECT_TRUE(house_.claims.complete(job.id, claim.attempt, outcomes, clock_.now()));
        return house_.find(job.id);
    }
    void read(VariantReads& reads, const Job& job) {
        reads.note(job.owner, job.image.id, house_.find(job.id).image.variants.front());
    }
    [[nodiscard]] std::optional<Timestamp> read_at(const Job& job) {
        return house_.find(job.id).image.variants.front().read_at;
    }
    void set_rules(const OwnRetention& rules) {
        ASSERT_TRUE(house_.database->accounts().change_account(
            house_.owner, [&](Account& account) { account.retention = rules; }));
    }

    ManualClock clock_{Timestamp{1'700'000'000'000ms}};
    House house_{clock_};
    CountingRetention store_{house_.database->retention()};
};

TEST_F(VariantReadsTest, AreNotedWhenTheyAreFlushed) {
    const auto reads = this->reads({.expire_variants_after = 30 * day});
    const Job job = ready();
    clock_.advance(2 * day);
    read(*reads, job);
    EXPECT_FALSE(read_at(job)) << "the request does not wait for that";
    reads->flush();
    EXPECT_EQ(read_at(job), clock_.now());
}

TEST_F(VariantReadsTest, AreNotedOnceADay) {
    const auto reads = this->reads({.expire_variants_after = 30 * day});
    const Job job = ready();
    for (int hour = 0; hour < 49; ++hour) {
        read(*reads, job);
        reads->flush();
        clock_.advance(1h);
    }
    EXPECT_EQ(read_at(job), clock_.now() - 1h);
    EXPECT_LE(store_.noted, 40U) << "what is known is not even asked for";
}

TEST_F(VariantReadsTest, WhatAClockThatWasAheadHasNotedIsCorrected) {
    const auto reads = this->reads({.expire_variants_after = 30 * day});
    const Job job = ready();
    clock_.advance(402 * day);
    read(*reads, job);
    reads->flush();
    EXPECT_EQ(read_at(job), clock_.now());
    clock_.advance(-400 * day);
    read(*reads, job);
    reads->flush();
    EXPECT_EQ(read_at(job), clock_.now());
}

TEST_F(VariantReadsTest, ManyReadsAreNotedAsOne) {
    const auto reads = this->reads({.expire_variants_after = 4s});
    const Job job = ready();
    clock_.advance(2s);
    for (int i = 0; i < 100; ++i) read(*reads, job);
    reads->flush();
    EXPECT_EQ(store_.noted, 1U);
    EXPECT_EQ(read_at(job), clock_.now());
}

TEST_F(VariantReadsTest, NothingIsGatheredWithoutARule) {
    const auto reads = this->reads();
    const Job job = ready();
    clock_.advance(2 * day);
    read(*reads, job);
    set_rules({.expire_variants_after_days = 10});
    reads->flush();
    EXPECT_EQ(store_.noted, 0U);
    read(*reads, job);
    reads->flush();
    EXPECT_EQ(read_at(job), clock_.now()) << "there is a rule now";
}

TEST_F(VariantReadsTest, AnAccountThatKeepsEverythingCostsNoWrite) {
    const auto reads = this->reads({.expire_variants_after = 30 * day});
    const Job job = ready();
    set_rules({.expire_variants_after_days = 0});
    clock_.advance(2 * day);
    read(*reads, job);
    reads->flush();
    EXPECT_EQ(store_.noted, 0U);
    EXPECT_FALSE(read_at(job));
}

TEST_F(VariantReadsTest, TheEndNotesWhatIsLeft) {
    const Job job = ready();
    clock_.advance(2 * day);
    {
        const auto reads = this->reads({.expire_variants_after = 30 * day});
        read(*reads, job);
    }
    EXPECT_EQ(read_at(job), clock_.now());
}

TEST_F(VariantReadsTest, ACatalogThatDoesNotAnswerLosesReadsAlone) {
    const auto reads = this->reads({.expire_variants_after = 30 * day});
    const Job job = ready();
    clock_.advance(2 * day);
    read(*reads, job);
    store_.is_down = true;
    reads->flush();
    EXPECT_EQ(house_.log.count(telemetry::Level::warn, "reads of variants could not be noted"), 1U);
    store_.is_down = false;
    reads->flush();
    EXPECT_FALSE(read_at(job));
}

}  // namespace
}  // namespace safelight
