#include "webhooks/signature.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "base/text.h"

namespace safelight {
namespace {

using ::testing::MatchesRegex;

TEST(Signature, IsThatOfTheSpecification) {
    // The example of the specification, and of its libraries' tests.
    const auto key = base64_decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").value();
    EXPECT_EQ(signature_of(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", R"({"test": 2432232314})"),
              "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST(Signature, ThereIsOneOfEachSecret) {
    const std::vector<SigningSecret> secrets{new_signing_secret(), new_signing_secret()};
    const auto of = [&](std::size_t i) { return signature_of(secrets[i].bytes, "msg_1", "2", "{}"); };
    EXPECT_NE(of(0), of(1));
    EXPECT_EQ(signatures_of(secrets, "msg_1", "2", "{}"), of(0) + " " + of(1));
    EXPECT_EQ(signatures_of(std::span(secrets).first(1), "msg_1", "2", "{}"), of(0));
    EXPECT_EQ(signatures_of({}, "msg_1", "2", "{}"), "");
}

TEST(Signature, CoversIdTimeAndPayload) {
    const SigningSecret secret = new_signing_secret();
    const std::string signature = signature_of(secret.bytes, "msg_1", "2", "{}");
    EXPECT_NE(signature, signature_of(secret.bytes, "msg_2", "2", "{}"));
    EXPECT_NE(signature, signature_of(secret.bytes, "msg_1", "3", "{}"));
    EXPECT_NE(signature, signature_of(secret.bytes, "msg_1", "2", "{ }"));
}

TEST(Signature, SecretsAreDifferentAndWrittenAsTheSpecificationSays) {
    EXPECT_NE(new_signing_secret(), new_signing_secret());
    const SigningSecret secret = new_signing_secret();
    const std::string text = text_of(secret);
    ASSERT_THAT(text, MatchesRegex("whsec_[A-Za-z0-9+/]{43}="));
    const auto bytes = base64_decode(text.substr(6)).value();
    EXPECT_TRUE(std::ranges::equal(bytes, secret.bytes));
}

TEST(Signature, MessageIdsAndTimesAreThoseOfTheHeaders) {
    const auto id = DeliveryId::parse("01934b7e-5f00-4abc-8def-0123456789ab").value();
    EXPECT_EQ(message_id_of(id), "msg_01934b7e5f004abc8def0123456789ab");
    EXPECT_EQ(timestamp_text(Timestamp{Milliseconds{1'614'265'330'999}}), "1614265330");
}

}  // namespace
}  // namespace safelight
