#include "api/guarded_stream.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

namespace safelight {
namespace {

class EndlessStream final : public http::ResponseStream {
  public:
    Result<std::size_t> read(std::span<std::byte> buffer) override {
        std::ranges::fill(buffer, std::byte{7});
        return buffer.size();
    }
};

TEST(GuardedStream, EndsWhenTheCredentialsDo) {
    bool is_good = true;
    int asked = 0;
    const auto stream = make_guarded_stream(
        std::make_unique<EndlessStream>(),
        [&]() -> Status {
            ++asked;
            if (is_good) return {};
            return failure(ErrorCode::unauthenticated, "revoked");
        },
        Milliseconds{0});
    std::array<std::byte, 8> buffer{};
    EXPECT_EQ(stream->read(buffer).value(), 8U);
    EXPECT_EQ(asked, 1);
    is_good = false;
    const auto refused = stream->read(buffer);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::unauthenticated);
}

TEST(GuardedStream, AsksOnlyNowAndThen) {
    const auto stream = make_guarded_stream(
        std::make_unique<EndlessStream>(), []() -> Status { return failure(ErrorCode::internal, "asked"); },
        Milliseconds{3'600'000});
    std::array<std::byte, 8> buffer{};
    for (int i = 0; i < 100; ++i) EXPECT_EQ(stream->read(buffer).value(), 8U);
}

}  // namespace
}  // namespace safelight
