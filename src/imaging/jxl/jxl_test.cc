#include <jxl/encode.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "imaging/encode.h"
#include "imaging/jxl/jxl_reader.h"
#include "imaging/jxl/jxl_writer.h"
#include "imaging/test_jxl_bits.h"
#include "imaging/test_pictures.h"

namespace safelight {
namespace {

using test::Bytes;

/// What a test file has that our writer does not make.
struct Kind {
    JxlOrientation orientation = JXL_ORIENT_IDENTITY;
    bool is_boxed = false;
    bool is_lossless = true;
    std::uint32_t frames = 1;
    std::uint32_t ticks = 1;  // of each frame; 0: layers
    JxlPrimaries primaries = JXL_PRIMARIES_SRGB;

    [[nodiscard]] bool is_animated() const { return frames > 1 && ticks > 0; }
};

using TestEncoder = std::unique_ptr<JxlEncoder, decltype(&JxlEncoderDestroy)>;

void describe(JxlEncoder* encoder, std::uint32_t width, std::uint32_t height, std::uint32_t channels,
              std::uint32_t bits, const Kind& kind) {
    JxlBasicInfo info;
    JxlEncoderInitBasicInfo(&info);
    info.xsize = width;
    info.ysize = height;
    info.bits_per_sample = bits;
    info.num_color_channels = channels <= 2 ? 1 : 3;
    info.orientation = kind.orientation;
    info.uses_original_profile = kind.is_lossless ? JXL_TRUE : JXL_FALSE;
    if (has_alpha(channels)) {
        info.num_extra_channels = 1;
        info.alpha_bits = bits;
    }
    if (kind.is_animated()) {
        info.have_animation = JXL_TRUE;
        info.animation.tps_numerator = 10;
        info.animation.tps_denominator = 1;
    }
    JxlEncoderSetCodestreamLevel(encoder, bits > 8 ? 10 : 5);
    EXPECT_EQ(JxlEncoderSetBasicInfo(encoder, &info), JXL_ENC_SUCCESS);
    JxlColorEncoding colours;
    JxlColorEncodingSetToSRGB(&colours, channels <= 2 ? JXL_TRUE : JXL_FALSE);
    colours.primaries = kind.primaries;
    EXPECT_EQ(JxlEncoderSetColorEncoding(encoder, &colours), JXL_ENC_SUCCESS);
}

template <class Sample>
void add_frame(JxlEncoderFrameSettings* settings, std::uint32_t channels,
               const std::vector<Sample>& samples) {
    const JxlPixelFormat format{channels, sizeof(Sample) == 1 ? JXL_TYPE_UINT8 : JXL_TYPE_UINT16,
                                JXL_NATIVE_ENDIAN, 0};
    EXPECT_EQ(JxlEncoderAddImageFrame(settings, &format, samples.data(), samples.size() * sizeof(Sample)),
              JXL_ENC_SUCCESS);
}

template <class Sample>
Bytes jxl_of(std::uint32_t width, std::uint32_t height, std::uint32_t channels,
             const std::vector<Sample>& samples, const Kind& kind) {
    const TestEncoder encoder(JxlEncoderCreate(nullptr), &JxlEncoderDestroy);
    JxlEncoderUseContainer(encoder.get(), kind.is_boxed ? JXL_TRUE : JXL_FALSE);
    describe(encoder.get(), width, height, channels, 8 * sizeof(Sample), kind);
    JxlEncoderFrameSettings* settings = JxlEncoderFrameSettingsCreate(encoder.get(), nullptr);
    JxlEncoderFrameSettingsSetOption(settings, JXL_ENC_FRAME_SETTING_EFFORT, 3);
    if (kind.is_lossless) JxlEncoderSetFrameLossless(settings, JXL_TRUE);
    for (std::uint32_t i = 0; i < kind.frames; ++i) {
        JxlFrameHeader header;
        JxlEncoderInitFrameHeader(&header);
        header.duration = kind.ticks;
        if (kind.is_animated()) JxlEncoderSetFrameHeader(settings, &header);
        add_frame(settings, channels, samples);
    }
    JxlEncoderCloseInput(encoder.get());
    Bytes bytes(1 << 20);
    auto* next = reinterpret_cast<std::uint8_t*>(bytes.data());
    std::size_t room = bytes.size();
    EXPECT_EQ(JxlEncoderProcessOutput(encoder.get(), &next, &room), JXL_ENC_SUCCESS);
    bytes.resize(bytes.size() - room);
    return bytes;
}

Bytes jxl_of(const Pixels& pixels, const Kind& kind) {
    return jxl_of(pixels.width_px, pixels.height_px, pixels.channels, pixels.samples, kind);
}

class Jxl : public testing::Test {
  protected:
    void SetUp() override { ASSERT_TRUE(initialise_codecs()); }

    /// The pixels that a picture becomes as a PNG of its own size.
    static Pixels as_png(const Bytes& file) {
        const Transform transform{.format = Format::png};
        const auto results = test::rendered(file, std::span(&transform, 1), {}, {});
        if (!results || !results->front()) {
            ADD_FAILURE() << (results ? results->front().error().log_text : results.error().log_text);
            return {};
        }
        return test::decoded(results->front()->bytes);
    }
};

TEST_F(Jxl, QualityFollowsThePublishedMapping) {
    EXPECT_FLOAT_EQ(jxl_distance(90), 1.0F);
    EXPECT_FLOAT_EQ(jxl_distance(99), 0.19F);
    EXPECT_FLOAT_EQ(jxl_distance(30), 6.4F);
    EXPECT_FLOAT_EQ(jxl_distance(1), 15.0F);  // the most that the encoder takes
    for (std::uint8_t quality = 1; quality < 99; ++quality)
        EXPECT_GE(jxl_distance(quality), jxl_distance(static_cast<std::uint8_t>(quality + 1)));
}

TEST_F(Jxl, LosslessGivesEveryPixelBackInEveryShape) {
    for (std::uint32_t channels = 1; channels <= 4; ++channels) {
        const Pixels pixels = test::sample_pixels(61, 47, channels);
        const auto file = write_jxl(pixels, {.lossless = true});
        ASSERT_TRUE(file);
        const auto facts = probe(*file, {});
        ASSERT_TRUE(facts) << facts.error().log_text;
        EXPECT_EQ(facts->has_alpha, has_alpha(channels));
        EXPECT_EQ(facts->colour_space, channels <= 2 ? ColourSpace::grey : ColourSpace::rgb);
        const Pixels seen = as_png(*file);
        EXPECT_EQ(seen.channels, channels);
        EXPECT_EQ(seen.samples, pixels.samples) << channels;
    }
}

TEST_F(Jxl, QualityTradesBytesForLikeness) {
    const Pixels pixels = test::sample_pixels(200, 150, 3);
    std::size_t last = 0;
    for (const std::uint8_t quality : {std::uint8_t{20}, std::uint8_t{60}, std::uint8_t{95}}) {
        const auto file = write_jxl(pixels, {.quality = quality});
        ASSERT_TRUE(file);
        EXPECT_GT(file->size(), last);
        last = file->size();
        EXPECT_LT(test::mean_difference(as_png(*file), pixels), 5);
    }
    EXPECT_EQ(as_png(*write_jxl(pixels, {.quality = 100})).samples, pixels.samples);
}

TEST_F(Jxl, TheSameBytesEachTimeAndNothingButPixels) {
    const Pixels pixels = test::sample_pixels(300, 200, 4);
    for (std::uint8_t effort = 1; effort <= 9; ++effort) {
        const auto file = write_jxl(pixels, {.effort = effort});
        ASSERT_TRUE(file);
        EXPECT_EQ(file, write_jxl(pixels, {.effort = effort})) << int{effort};
        EXPECT_EQ((*file)[0], std::byte{0xff});  // a bare codestream has no room for metadata
        EXPECT_EQ((*file)[1], std::byte{0x0a});
    }
}

TEST_F(Jxl, EveryOrientationComesOutUpright) {
    const Pixels stored = test::sample_pixels(40, 30, 3);
    const Pixels expected = as_png(jxl_of(stored, {}));
    for (int i = 1; i <= 8; ++i) {
        const auto file = jxl_of(stored, {.orientation = static_cast<JxlOrientation>(i)});
        const auto facts = probe(file, {});
        ASSERT_TRUE(facts) << i;
        EXPECT_EQ(facts->width_px, i >= 5 ? 30U : 40U) << i;
        EXPECT_EQ(facts->height_px, i >= 5 ? 40U : 30U) << i;
        EXPECT_EQ(facts->orientation, Orientation::upright);
        const Pixels seen = as_png(file);
        ASSERT_EQ(seen.width_px, facts->width_px);
        // The first stored pixel: which corner it comes to is what EXIF says of the same number.
        const bool right = i == 2 || i == 3 || i == 6 || i == 7;
        const bool bottom = i == 3 || i == 4 || i == 7 || i == 8;
        const std::uint8_t* corner = seen.row(bottom ? seen.height_px - 1 : 0) +
                                     std::size_t{right ? seen.width_px - 1 : 0} * seen.channels;
        for (std::uint32_t c = 0; c < 3; ++c) EXPECT_EQ(corner[c], expected.samples[c]) << i;
    }
}

TEST_F(Jxl, SixteenBitsAreBroughtToEight) {
    const Pixels pixels = test::sample_pixels(40, 30, 4);
    std::vector<std::uint16_t> samples;
    for (const std::uint8_t sample : pixels.samples)
        samples.push_back(static_cast<std::uint16_t>(sample * 257));
    const Pixels seen = as_png(jxl_of(40, 30, 4, samples, {.is_boxed = true}));
    EXPECT_EQ(seen.channels, 4U);
    EXPECT_LE(test::mean_difference(seen, pixels), 1);
}

/// The header of a lossless RGBA picture of 40 × 30 up to what it says of its alpha.
test::JxlBits start_of_header() {
    return test::JxlBits().put(0, 1).put(0, 2).put(29, 9).put(3, 3).put(0, 2).put(0, 3).put(1, 1).put(1, 2);
}

/// The rest: not XYB, the usual colours, no extensions, the usual transforms.
Bytes end_of_header(test::JxlBits bits) {
    return bits.put(0, 1).put(1, 1).put(0, 2).put(1, 1).bytes();
}

TEST_F(Jxl, PremultipliedColoursAreDividedAgain) {
    const Pixels pixels = test::sample_pixels(40, 30, 4);
    Pixels premultiplied = pixels;
    for (std::size_t i = 0; i < pixels.samples.size(); i += 4) {
        for (std::size_t c = 0; c < 3; ++c) {
            premultiplied.samples[i + c] =
                static_cast<std::uint8_t>((pixels.samples[i + c] * pixels.samples[i + 3] + 127) / 255);
        }
    }
    // libjxl's encoder cannot say it of its alpha: the header is written anew.
    const Bytes file = *write_jxl(premultiplied, {.lossless = true});
    const Bytes usual = end_of_header(start_of_header().put(1, 1));
    ASSERT_TRUE(std::equal(usual.begin(), usual.end(), file.begin()));
    Bytes changed =
        end_of_header(start_of_header().put(0, 1).put(0, 2).put(0, 3).put(0, 2).put(0, 2).put(1, 1));
    changed.insert(changed.end(), file.begin() + static_cast<std::ptrdiff_t>(usual.size()), file.end());
    ASSERT_TRUE(probe(changed, {}));
    EXPECT_LT(test::mean_difference(as_png(changed), pixels), 1);
    EXPECT_EQ(as_png(file).samples, premultiplied.samples);
}

TEST_F(Jxl, WideColoursComeToSrgb) {
    // The same numbers mean other colours: what is red in P3 is beyond sRGB's.
    Pixels pixels(16, 16, 3);
    for (std::size_t i = 0; i < pixels.samples.size(); i += 3) {
        pixels.samples[i] = 200;
        pixels.samples[i + 1] = 100;
        pixels.samples[i + 2] = 100;
    }
    // By the matrices of CSS Color 4: color(display-p3 0.784 0.392 0.392) is about rgb(214 93 97).
    for (const bool is_lossless : {true, false}) {
        const Pixels seen =
            as_png(jxl_of(pixels, {.is_lossless = is_lossless, .primaries = JXL_PRIMARIES_P3}));
        ASSERT_EQ(seen.channels, 3U);
        EXPECT_NEAR(seen.samples[0], 214, 3) << is_lossless;
        EXPECT_NEAR(seen.samples[1], 93, 3) << is_lossless;
        EXPECT_NEAR(seen.samples[2], 97, 3) << is_lossless;
    }
}

TEST_F(Jxl, AnAnimationIsCountedAndGivesItsFirstFrame) {
    const Pixels pixels = test::sample_pixels(40, 30, 3);
    const Bytes file = jxl_of(pixels, {.frames = 4});
    const auto facts = probe(file, {});
    ASSERT_TRUE(facts) << facts.error().log_text;
    EXPECT_EQ(facts->frames, 4U);
    EXPECT_EQ(as_png(file).samples, pixels.samples);
    EXPECT_EQ(probe(file, {.frames_max = 3}).error().code, ErrorCode::too_many_frames);
    EXPECT_EQ(probe(file, {.pixels_max = 40 * 30 - 1}).error().code, ErrorCode::image_too_large);
    EXPECT_EQ(probe(jxl_of(pixels, {.frames = 3, .ticks = 0}), {})->frames, 1U);  // layers
}

TEST_F(Jxl, DamageIsARefusal) {
    const Bytes whole = jxl_of(test::sample_pixels(300, 200, 3), {.is_boxed = true});
    const Transform transform{.format = Format::png};
    for (std::size_t size = 0; size < whole.size(); size += 1 + whole.size() / 50) {
        const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        const auto refused = test::rendered(cut, std::span(&transform, 1), {}, {});
        ASSERT_FALSE(refused) << size;
        if (size >= sniff_bytes) EXPECT_EQ(refused.error().code, ErrorCode::invalid_image) << size;
    }
}

}  // namespace
}  // namespace safelight
