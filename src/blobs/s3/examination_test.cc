// What there is to say of a store: its clock, and which right an operation lacked.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "blobs/conformance/blob_store_conformance.h"
#include "blobs/s3/s3_examination.h"
#include "blobs/s3/testing/fault_server.h"
#include "blobs/s3/testing/test_store.h"

namespace safelight::s3 {
namespace {

using testing::HasSubstr;

/// Of a clock that was told.
ClockSkew told(const std::optional<ClockSkew>& clock) {
    EXPECT_TRUE(clock);
    return clock.value_or(ClockSkew{});
}

class S3Examination : public testing::Test {
  protected:
    SystemClock clock_;
    IdGenerator keys_{clock_};
    S3Config config_ = test_config();
};

TEST_F(S3Examination, TheClockOfAStoreLikeOursAgrees) {
    const ClockSkew skew = told(examine_s3_clock(config_, clock_).value());
    EXPECT_TRUE(skew.is_within_uncertainty());
    EXPECT_LT(skew.uncertainty, Milliseconds{5'000});
}

TEST_F(S3Examination, AClockThatIsOffIsMeasuredWhateverTheStoreSays) {
    for (const std::int64_t off_ms : {3'600'000, -3'600'000}) {
        const ManualClock ours(clock_.now() + Milliseconds{off_ms});
        const Status checked = test_store(config_, ours)->check();
        ASSERT_FALSE(checked);
        EXPECT_THAT(checked.error().log_text,
                    HasSubstr("the clocks of this machine and of the store differ"));
        const ClockSkew skew = told(examine_s3_clock(config_, ours).value());
        EXPECT_NEAR(static_cast<double>(skew.ahead.count()), static_cast<double>(-off_ms), 10'000);
        EXPECT_TRUE(skew.exceeds(s3_skew_max));
    }
}

TEST_F(S3Examination, NobodyThereIsAnError) {
    config_.endpoint = "http://127.0.0.1:1";
    const auto skew = examine_s3_clock(config_, clock_);
    ASSERT_FALSE(skew);
    EXPECT_EQ(skew.error().code, ErrorCode::unavailable);
    EXPECT_THAT(skew.error().log_text, HasSubstr("no answer from the S3 store at 127.0.0.1:1"));
}

TEST_F(S3Examination, AnAnswerWithoutADateTellsNothing) {
    const FaultServer other(0, [](const SeenRequest&) { return answer("200 OK"); });
    config_.endpoint = other.url();
    const auto skew = examine_s3_clock(config_, clock_);
    ASSERT_TRUE(skew) << skew.error().log_text;
    EXPECT_FALSE(*skew);
}

/// What is refused: a method, and what the target has.
struct Refused {
    std::string method;
    std::string in_target;
    std::string right;
};

class S3Rights : public S3Examination, public testing::WithParamInterface<Refused> {};

/// As an operator sees them, on a real store behind a policy that denies one right.
TEST_P(S3Rights, TheOneThatLacksIsNamed) {
    const FaultServer proxy(test_port(), [](const SeenRequest& request) {
        const auto& [method, in_target, right] = GetParam();
        return request.is(method, in_target) ? refuse("403 Forbidden", "AccessDenied") : pass();
    });
    config_.endpoint = proxy.url();
    config_.announce_after = Milliseconds{0};
    const auto store = test_store(config_, clock_);
    const BlobKey key = keys_.next<BlobKey>();
    std::string said;
    const auto note = [&said](const auto& result) {
        if (!result) said += result.error().log_text + "\n";
    };
    note(put(*store, key, noise(10)));
    note(store->open(key));
    note(store->remove(key));
    note(store->list([](const BlobEntry&) { return Status{}; }, [](const std::string&) {}));
    EXPECT_THAT(said, HasSubstr("the access key may not do this"));
    EXPECT_THAT(said, HasSubstr("(" + GetParam().right + " is needed)"));
}

INSTANTIATE_TEST_SUITE_P(S3, S3Rights,
                         testing::Values(Refused{"POST", "?uploads", "s3:PutObject"},
                                         Refused{"PUT", "partNumber", "s3:PutObject"},
                                         Refused{"GET", "/0", "s3:GetObject"},
                                         Refused{"DELETE", "", "s3:DeleteObject"},
                                         Refused{"GET", "list-type", "s3:ListBucket"},
                                         Refused{"GET", "uploads", "s3:ListBucketMultipartUploads"}));

}  // namespace
}  // namespace safelight::s3
