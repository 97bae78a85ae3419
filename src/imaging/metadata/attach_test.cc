#include "imaging/metadata/attach.h"

#include <gtest/gtest.h>

#include "imaging/colour/gamut.h"
#include "imaging/encode.h"
#include "imaging/metadata/exif_facts.h"
#include "imaging/metadata/test_secrets.h"
#include "imaging/vips/load.h"
#include "imaging/vips/save.h"

namespace safelight {
namespace {

using test::Bytes;

constexpr std::array carriers{Format::jpeg, Format::png, Format::webp, Format::tiff, Format::avif};

class Attach : public testing::Test {
  protected:
    void SetUp() override { ASSERT_TRUE(initialise_codecs()); }

    static Bytes encoded(Format format, std::uint32_t channels, const Attachments& attachments = {}) {
        auto picture = encode(test::sample_pixels(61, 43, channels), format, {}, {}, attachments);
        EXPECT_TRUE(picture) << name_of(format) << picture.error().log_text;
        return picture ? std::move(picture->bytes) : Bytes{};
    }
};

TEST_F(Attach, PixelsStayAndReadersSeeBoth) {
    for (const Format format : carriers) {
        if (!can_write(format)) continue;
        for (const std::uint32_t channels : {1U, 2U, 3U, 4U}) {
            const Bytes plain = encoded(format, channels);
            const Bytes both = encoded(format, channels, {test::secret_exif(), display_p3_profile()});
            EXPECT_EQ(test::decoded(both).samples, test::decoded(plain).samples)
                << name_of(format) << channels;
            const auto facts = probe(both, {});
            ASSERT_TRUE(facts) << name_of(format) << facts.error().log_text;
            EXPECT_EQ(facts->exif.copyright, test::copyright) << name_of(format);
            const auto picture = load_picture(both, format);
            ASSERT_TRUE(picture);
            // Readers of PNG rightly leave an RGB profile of a grey picture out.
            if (format == Format::png && channels < 3) continue;
            EXPECT_NE(vips_image_get_typeof(picture->get(), VIPS_META_ICC_NAME), 0U)
                << name_of(format) << channels;
        }
    }
}

TEST_F(Attach, EachComesAlone) {
    for (const Format format : carriers) {
        if (!can_write(format)) continue;
        const Bytes exif = encoded(format, 3, {test::secret_exif(), {}});
        EXPECT_EQ(probe(exif, {})->exif.artist, test::artist) << name_of(format);
        EXPECT_FALSE(test::contains(exif, "Display P3")) << name_of(format);
        const Bytes icc = encoded(format, 3, {{}, display_p3_profile()});
        EXPECT_EQ(probe(icc, {})->exif, ExifFacts{}) << name_of(format);
        const Bytes plain = encoded(format, 3);
        EXPECT_EQ(test::decoded(exif).samples, test::decoded(plain).samples) << name_of(format);
        EXPECT_EQ(test::decoded(icc).samples, test::decoded(plain).samples) << name_of(format);
    }
}

TEST_F(Attach, OtherReadersFindTheCopyright) {
    for (const Format format : {Format::jpeg, Format::webp, Format::png}) {
        const Bytes file = encoded(format, 3, {test::secret_exif(), {}});
        const auto picture = load_picture(file, format);
        ASSERT_TRUE(picture);
        const char* text = nullptr;
        ASSERT_EQ(vips_image_get_string(picture->get(), "exif-ifd0-Copyright", &text), 0) << name_of(format);
        EXPECT_TRUE(std::string_view(text).starts_with(test::copyright)) << text;
    }
}

TEST_F(Attach, NothingToAttachChangesNothing) {
    for (const Format format : carriers) {
        if (!can_write(format)) continue;
        const Bytes plain = encoded(format, 3);
        EXPECT_EQ(attach(plain, format, {}).value(), plain);
    }
    const Bytes gif = encoded(Format::gif, 3);
    EXPECT_EQ(attach(gif, Format::gif, {test::secret_exif(), {}}).value(), gif);
}

TEST_F(Attach, WhatNoEncoderOfOursWritesIsRefused) {
    for (const Format format : carriers) {
        Bytes file = encoded(format, 3);
        file.resize(16);
        EXPECT_FALSE(attach(file, format, {test::secret_exif(), {}})) << name_of(format);
        EXPECT_FALSE(attach({}, format, {test::secret_exif(), {}})) << name_of(format);
    }
    EXPECT_FALSE(attach(encoded(Format::jpeg, 3), Format::jpeg, {Bytes(70'000), {}}));
}

}  // namespace
}  // namespace safelight
