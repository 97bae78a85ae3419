#include "imaging/colour/icc_profile.h"

#include <gtest/gtest.h>

#include "imaging/container/jpeg_icc.h"
#include "imaging/test_pictures.h"

namespace safelight {
namespace {

TEST(IccProfile, KnowsSrgb) {
    const auto profile = jpeg_icc_profile(test::jpeg_with_profile("srgb"));
    ASSERT_FALSE(profile.empty());
    EXPECT_TRUE(is_srgb_profile(profile));
}

TEST(IccProfile, KnowsThatP3AndCmykAreNot) {
    EXPECT_FALSE(is_srgb_profile(jpeg_icc_profile(test::jpeg_with_profile("p3"))));
    EXPECT_FALSE(is_srgb_profile(jpeg_icc_profile(test::jpeg_with_profile("cmyk"))));
}

TEST(IccProfile, ABrokenOneIsNotSrgb) {
    const auto profile = jpeg_icc_profile(test::jpeg_with_profile("srgb"));
    for (std::size_t size = 0; size + 1 < profile.size(); size += 7) {
        const test::Bytes cut(profile.begin(), profile.begin() + static_cast<std::ptrdiff_t>(size));
        static_cast<void>(is_srgb_profile(cut));  // a sanitizer watches
    }
    EXPECT_FALSE(is_srgb_profile({}));
    EXPECT_FALSE(is_srgb_profile(std::span(profile).first(200)));
}

TEST(JpegIcc, IsEmptyWhenThereIsNoneOrAPartIsMissing) {
    EXPECT_TRUE(jpeg_icc_profile(test::sample_file(Format::jpeg, 8, 8)).empty());
    const test::Bytes first_of_two =
        test::bytes_of(std::string_view("\xff\xd8\xff\xe2\x00\x12ICC_PROFILE\0\x01\x02"
                                        "ab\xff\xda\x00\x02",
                                        24));
    EXPECT_TRUE(jpeg_icc_profile(first_of_two).empty());
}

}  // namespace
}  // namespace safelight
