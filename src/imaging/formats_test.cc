#include <gtest/gtest.h>

#include <algorithm>

#include "imaging/imaging.h"
#include "imaging/test_pictures.h"
#include "transform/transform.h"

namespace safelight {
namespace {

FormatSupport support_of(Format format) {
    const auto all = format_support();
    return *std::ranges::find(all, format, &FormatSupport::format);
}

TEST(FormatSupport, NamesEveryFormatOnce) {
    const auto all = format_support();
    ASSERT_EQ(all.size(), all_formats.size());
    for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i].format, all_formats[i]);
}

TEST(FormatSupport, SaysWhatComesTrue) {
    ASSERT_TRUE(initialise_codecs());
    for (const FormatSupport& support : format_support()) {
        SCOPED_TRACE(name_of(support.format));
        const Transform transform{.format = support.format};
        const auto clear =
            test::rendered(test::sample_file(Format::png, 40, 30, 4), std::span(&transform, 1), {}, {});
        ASSERT_TRUE(clear);
        EXPECT_EQ(clear->front().has_value(), support.writes);
        if (support.writes) {
            const auto facts = probe(clear->front()->bytes, {});
            EXPECT_EQ(facts.has_value(), support.reads);
            if (facts) EXPECT_EQ(facts->has_alpha, support.alpha);
        } else {
            EXPECT_EQ(clear->front().error().code, ErrorCode::unsupported_transform);
            EXPECT_FALSE(support.alpha || support.lossless || support.quality || support.animation);
        }
        const auto file = test::sample_file(support.format, 40, 30);
        if (!file.empty()) EXPECT_EQ(probe(file, {}).has_value(), support.reads);
    }
}

TEST(FormatSupport, KnowsWhatNoOutputIs) {
    EXPECT_TRUE(support_of(Format::bmp).reads);
    for (const Format format : {Format::bmp, Format::heic, Format::svg})
        EXPECT_FALSE(support_of(format).writes);
    EXPECT_TRUE(support_of(Format::jxl).writes);
    EXPECT_TRUE(support_of(Format::jxl).lossless);
    EXPECT_TRUE(support_of(Format::jpeg).quality);
    EXPECT_FALSE(support_of(Format::jpeg).alpha);
    EXPECT_TRUE(support_of(Format::gif).animation);
    EXPECT_FALSE(support_of(Format::jxl).animation);
}

}  // namespace
}  // namespace safelight
