#include "worker/retry_decision.h"

#include <gtest/gtest.h>

namespace safelight {
namespace {

using namespace std::chrono_literals;

constexpr ErrorCode transient[] = {ErrorCode::overloaded, ErrorCode::timeout, ErrorCode::cancelled,
                                   ErrorCode::internal};
constexpr ErrorCode permanent[] = {
    ErrorCode::unsupported_image, ErrorCode::invalid_image,         ErrorCode::image_too_large,
    ErrorCode::too_many_frames,   ErrorCode::too_many_scans,        ErrorCode::payload_too_large,
    ErrorCode::empty_payload,     ErrorCode::unsupported_transform, ErrorCode::corrupt_blob};

WorkerConfig config_of(Milliseconds base, Milliseconds max, std::uint32_t tries_max = 100) {
    WorkerConfig config;
    config.tries_max = tries_max;
    config.backoff_base = base;
    config.backoff_max = max;
    return config;
}

Error error_of(ErrorCode code) {
    return {code, "public", "log", {}};
}

Milliseconds delay_of(std::uint32_t tries, const WorkerConfig& config, double fraction) {
    return std::get<RetryAfter>(decide_retry(error_of(ErrorCode::timeout), tries, config, fraction)).delay;
}

TEST(RetryDecision, PermanentErrorsFailAtOnceWithTheirOwnCode) {
    for (const ErrorCode code : permanent) {
        EXPECT_EQ(decide_retry(error_of(code), 1, {}, 0.5), RetryDecision(VariantError{code, "public"}))
            << name_of(code);
    }
}

TEST(RetryDecision, TransientErrorsAreRetriedUntilTheTriesAreUsedUp) {
    for (const ErrorCode code : transient) {
        EXPECT_TRUE(std::holds_alternative<RetryAfter>(decide_retry(error_of(code), 1, {}, 0.5)))
            << name_of(code);
        EXPECT_TRUE(std::holds_alternative<RetryAfter>(decide_retry(error_of(code), 2, {}, 0.5)))
            << name_of(code);
        const RetryDecision last = decide_retry(error_of(code), 3, {}, 0.5);
        ASSERT_TRUE(std::holds_alternative<VariantError>(last)) << name_of(code);
        EXPECT_EQ(std::get<VariantError>(last).code, ErrorCode::attempts_exhausted);
        EXPECT_NE(std::get<VariantError>(last).detail.find(name_of(code)), std::string::npos);
    }
}

TEST(RetryDecision, AnOutageUsesUpNoTries) {
    const WorkerConfig config = config_of(1s, 1min, 3);
    for (const ErrorCode code : {ErrorCode::unavailable, ErrorCode::storage_full}) {
        for (const std::uint32_t tries : {1U, 3U}) {
            EXPECT_EQ(decide_retry(error_of(code), tries, config, 0.5),
                      RetryDecision(RetryAfter{.delay = 8s, .counts = false}))
                << name_of(code);
        }
        EXPECT_EQ(decide_retry(error_of(code), 3, config_of(1s, 5s, 3), 0.5),
                  RetryDecision(RetryAfter{.delay = 5s, .counts = false}))
            << "never above the maximum";
    }
}

TEST(RetryDecision, APictureThatEndedTwoRenderersIsGivenUp) {
    const Error died = error_of(ErrorCode::renderer_failed);
    EXPECT_TRUE(std::holds_alternative<RetryAfter>(decide_retry(died, 1, {}, 0.5)));
    EXPECT_EQ(decide_retry(died, 2, {}, 0.5),
              RetryDecision(VariantError{ErrorCode::renderer_failed, "public"}));
}

TEST(RetryDecision, OneTryMeansNoRetry) {
    EXPECT_EQ(decide_retry(error_of(ErrorCode::timeout), 1, config_of(1s, 1min, 1), 0.5),
              RetryDecision(VariantError{ErrorCode::attempts_exhausted,
                                         "Given up after 1 try; the last one ended with timeout."}));
}

TEST(RetryDecision, TheDelayDoublesUpToItsMaximum) {
    const WorkerConfig config = config_of(1s, 10s);
    EXPECT_EQ(delay_of(1, config, 0.5), 1s);
    EXPECT_EQ(delay_of(2, config, 0.5), 2s);
    EXPECT_EQ(delay_of(3, config, 0.5), 4s);
    EXPECT_EQ(delay_of(4, config, 0.5), 8s);
    EXPECT_EQ(delay_of(5, config, 0.5), 10s);
    EXPECT_EQ(delay_of(99, config, 0.5), 10s) << "no overflow";
}

TEST(RetryDecision, TheDelayIsSpreadByHalf) {
    const WorkerConfig config = config_of(1s, 10s);
    EXPECT_EQ(delay_of(1, config, 0.0), 500ms);
    EXPECT_EQ(delay_of(1, config, 0.999999), 1500ms);
    EXPECT_EQ(delay_of(9, config, 0.999999), 10s) << "never above the maximum";
    EXPECT_EQ(delay_of(9, config, 0.0), 5s);
}

TEST(RetryDecision, SaysWhenTheLastErrorIsNotKnown) {
    EXPECT_EQ(exhausted(3, nullptr),
              (VariantError{ErrorCode::attempts_exhausted, "Given up after 3 tries."}));
}

TEST(WorkerConfig, EveryMemberIsChecked) {
    EXPECT_TRUE(WorkerConfig{}.validate());
    WorkerConfig bad;
    bad.threads = 1'025;
    bad.renders = 0;
    bad.lease = 2ms;
    bad.tries_max = 0;
    bad.backoff_base = 0ms;
    bad.backoff_max = -1ms;
    bad.render_timeout = 0ms;
    bad.source_bytes_max = 0;
    bad.rescue_interval = 0ms;
    bad.sweep_interval = 0ms;
    bad.write_deadline = 1ms;
    const Status refused = bad.validate();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(refused.error().faults.size(), 11U);
}

}  // namespace
}  // namespace safelight
