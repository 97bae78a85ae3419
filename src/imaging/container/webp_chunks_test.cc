#include "imaging/container/webp_chunks.h"

#include <gtest/gtest.h>

#include "imaging/container/container.h"
#include "imaging/test_pictures.h"

namespace safelight {
namespace {

TEST(WithoutWebpMetadata, LeavesThePictureAlone) {
    for (const std::uint32_t channels : {3U, 4U}) {
        const test::Bytes file = test::sample_file(Format::webp, 40, 30, channels);
        const test::Bytes clean = without_webp_metadata(file);
        EXPECT_FALSE(test::contains(clean, "EXIF"));
        EXPECT_LT(clean.size(), file.size());
        const auto facts = inspect(clean, {});
        ASSERT_TRUE(facts);
        EXPECT_EQ(facts->has_alpha, channels == 4);
        EXPECT_EQ(test::mean_difference(test::decoded(clean), test::decoded(file)), 0);
    }
}

TEST(WithoutWebpMetadata, ReturnsWhatItDoesNotUnderstand) {
    const test::Bytes other = test::bytes_of("no picture");
    EXPECT_EQ(without_webp_metadata(other), other);
    test::Bytes cut = test::sample_file(Format::webp, 40, 30);
    cut.resize(cut.size() - 5);
    EXPECT_EQ(without_webp_metadata(cut), cut);
    EXPECT_TRUE(without_webp_metadata({}).empty());
}

}  // namespace
}  // namespace safelight
