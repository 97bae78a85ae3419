#include "imaging/container/container.h"

#include <gtest/gtest.h>

#include "imaging/container/exif.h"
#include "imaging/test_pictures.h"

namespace safelight {
namespace {

using namespace std::string_view_literals;
using test::Bytes;

ErrorCode refusal(std::span<const std::byte> file, const ImageLimits& limits = {}) {
    const auto facts = inspect(file, limits);
    return facts ? ErrorCode::internal : facts.error().code;
}

Bytes replaced(Bytes file, std::size_t at, std::string_view with) {
    const Bytes bytes = test::bytes_of(with);
    std::copy(bytes.begin(), bytes.end(), file.begin() + static_cast<std::ptrdiff_t>(at));
    return file;
}

Bytes joined(std::initializer_list<std::string_view> parts) {
    Bytes all;
    for (const std::string_view part : parts) {
        const Bytes bytes = test::bytes_of(part);
        all.insert(all.end(), bytes.begin(), bytes.end());
    }
    return all;
}

constexpr auto soi = "\xff\xd8"sv;
constexpr auto sof_8x4 = "\xff\xc0\x00\x0b\x08\x00\x04\x00\x08\x01\x01\x11\x00"sv;
constexpr auto sos = "\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"sv;
constexpr auto entropy = "\x12\x34\xff\x00\x56\xff\xd0\x78"sv;  // with a stuffed byte and a restart marker
constexpr auto eoi = "\xff\xd9"sv;

TEST(Inspect, TellsTheFactsOfEachFormat) {
    for (const Format format : all_formats) {
        const Bytes file = test::sample_file(format, 40, 30, 3);
        if (file.empty()) continue;  // this libvips cannot write it
        const auto facts = inspect(file, {});
        ASSERT_TRUE(facts) << name_of(format);
        EXPECT_EQ(facts->format, format);
        EXPECT_GE(facts->width_px, 40U) << name_of(format);
        EXPECT_GE(facts->height_px, 30U) << name_of(format);
        // HEVC codes whole blocks, which are cropped afterwards: probe() asks the library.
        if (format == Format::heic) continue;
        EXPECT_EQ(facts->width_px, 40U) << name_of(format);
        EXPECT_EQ(facts->height_px, 30U) << name_of(format);
        EXPECT_EQ(facts->frames, 1U);
        EXPECT_FALSE(facts->has_alpha) << name_of(format);
        EXPECT_EQ(facts->colour_space, ColourSpace::rgb);
    }
}

TEST(Inspect, SeesAlpha) {
    for (const Format format : {Format::png, Format::webp, Format::gif, Format::tiff, Format::avif}) {
        const Bytes file = test::sample_file(format, 40, 30, 4);
        if (file.empty()) continue;
        const auto facts = inspect(file, {});
        ASSERT_TRUE(facts) << name_of(format);
        EXPECT_TRUE(facts->has_alpha) << name_of(format);
    }
}

TEST(Inspect, RefusesWhatIsNoPicture) {
    EXPECT_EQ(refusal({}), ErrorCode::empty_payload);
    EXPECT_EQ(refusal(test::bytes_of("<svg xmlns='http://www.w3.org/2000/svg'/>")),
              ErrorCode::unsupported_image);
    EXPECT_EQ(refusal(test::bytes_of("%PDF-1.4")), ErrorCode::unsupported_image);
    EXPECT_EQ(refusal(test::bytes_of("hello")), ErrorCode::unsupported_image);
    EXPECT_EQ(refusal(Bytes(11), {.bytes_max = 10}), ErrorCode::payload_too_large);
}

TEST(Inspect, AppliesTheLimits) {
    const Bytes file = test::sample_file(Format::png, 40, 30, 3);
    EXPECT_EQ(refusal(file, {.pixels_max = 1199}), ErrorCode::image_too_large);
    EXPECT_EQ(refusal(file, {.side_max_px = 39}), ErrorCode::image_too_large);
    EXPECT_TRUE(inspect(file, {.pixels_max = 1200, .side_max_px = 40}));
}

TEST(Jpeg, ReadsSegments) {
    const auto facts = inspect(joined({soi, sof_8x4, sos, entropy, eoi}), {});
    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->width_px, 8U);
    EXPECT_EQ(facts->height_px, 4U);
    EXPECT_EQ(facts->colour_space, ColourSpace::grey);
}

TEST(Jpeg, CountsScans) {
    Bytes file = joined({soi, sof_8x4});
    const Bytes scan = joined({sos, entropy});
    for (int i = 0; i < 5; ++i) file.insert(file.end(), scan.begin(), scan.end());
    EXPECT_TRUE(inspect(file, {.scans_max = 5}));
    EXPECT_EQ(refusal(file, {.scans_max = 4}), ErrorCode::too_many_scans);
}

TEST(Jpeg, IgnoresWhatFollowsTheEnd) {
    const auto second_picture = "\xff\xd8\xff\xc0\x00"sv;
    EXPECT_TRUE(inspect(joined({soi, sof_8x4, sos, entropy, eoi, second_picture}), {}));
}

TEST(Jpeg, RefusesBrokenStructure) {
    EXPECT_EQ(refusal(joined({soi, sof_8x4, eoi})), ErrorCode::invalid_image);       // no scan
    EXPECT_EQ(refusal(joined({soi, sos, entropy, eoi})), ErrorCode::invalid_image);  // no frame
    EXPECT_EQ(refusal(joined({soi, sof_8x4, sof_8x4, sos, entropy})),
              ErrorCode::invalid_image);  // two frames
    EXPECT_EQ(refusal(joined({soi, "\xff\xe1\xff\xff too short"})),
              ErrorCode::invalid_image);  // past the end
    EXPECT_EQ(refusal(joined({soi, "\xff\xe1\x00\x01"sv, sof_8x4, sos})),
              ErrorCode::invalid_image);  // length below 2
    const auto sof_0x4 = "\xff\xc0\x00\x0b\x08\x00\x04\x00\x00\x01\x01\x11\x00"sv;
    EXPECT_EQ(refusal(joined({soi, sof_0x4, sos, entropy})), ErrorCode::invalid_image);
    const auto twelve_bits = "\xff\xc1\x00\x0b\x0c\x00\x04\x00\x08\x01\x01\x11\x00"sv;
    EXPECT_EQ(refusal(joined({soi, twelve_bits, sos, entropy})), ErrorCode::unsupported_image);
    const auto lossless = "\xff\xc3\x00\x0b\x08\x00\x04\x00\x08\x01\x01\x11\x00"sv;
    EXPECT_EQ(refusal(joined({soi, lossless, sos, entropy})), ErrorCode::unsupported_image);
    const auto huge = "\xff\xc0\x00\x0b\x08\xff\xdc\xff\xdc\x01\x01\x11\x00"sv;
    EXPECT_EQ(refusal(joined({soi, huge, sos, entropy})), ErrorCode::image_too_large);
}

TEST(Jpeg, ShowsSidesAsDisplayed) {
    for (int i = 1; i <= 8; ++i) {
        const auto orientation = static_cast<Orientation>(i);
        const auto facts = inspect(test::oriented_jpeg(orientation, 40, 30), {});
        ASSERT_TRUE(facts);
        EXPECT_EQ(facts->orientation, orientation);
        EXPECT_EQ(facts->width_px, 40U);
        EXPECT_EQ(facts->height_px, 30U);
    }
}

TEST(Exif, TakesNothingButOneToEight) {
    const auto little = [](char value) {
        return joined({"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0"sv, std::string(1, value), "\0\0\0"sv});
    };
    EXPECT_EQ(orientation_of_exif(ByteView(little(6))), Orientation::turned_90);
    EXPECT_EQ(orientation_of_exif(ByteView(little(0))), std::nullopt);
    EXPECT_EQ(orientation_of_exif(ByteView(little(9))), std::nullopt);
    const Bytes big = joined({"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x03\0\0"sv});
    EXPECT_EQ(orientation_of_exif(ByteView(big)), Orientation::turned_180);
    const Bytes elsewhere = joined({"II*\0\xff\xff\xff\xff\x01\0"sv});
    EXPECT_EQ(orientation_of_exif(ByteView(elsewhere)), std::nullopt);
    EXPECT_EQ(orientation_of_exif(ByteView(test::bytes_of("JJ"))), std::nullopt);
}

TEST(Exif, ReadsXmp) {
    const auto of = [](std::string_view text) { return orientation_of_xmp(ByteView(test::bytes_of(text))); };
    const Bytes attribute = test::bytes_of("<rdf:Description tiff:Orientation=\"8\"/>");
    EXPECT_EQ(orientation_of_xmp(ByteView(attribute)), Orientation::turned_270);
    const Bytes element = test::bytes_of("<tiff:Orientation>3</tiff:Orientation>");
    EXPECT_EQ(orientation_of_xmp(ByteView(element)), Orientation::turned_180);
    EXPECT_EQ(of(""), std::nullopt);
    const Bytes out_of_range = test::bytes_of("tiff:Orientation=\"66\"");
    EXPECT_EQ(orientation_of_xmp(ByteView(out_of_range)), std::nullopt);
}

TEST(Png, RefusesBrokenStructure) {
    const Bytes row(25, std::byte{0});
    EXPECT_TRUE(inspect(test::png_of(8, 1, 8, 2, row), {}));
    EXPECT_EQ(refusal(test::png_of(0, 1, 8, 2, row)), ErrorCode::invalid_image);
    EXPECT_EQ(refusal(test::png_of(8, 1, 3, 2, row)), ErrorCode::invalid_image);  // depth
    EXPECT_EQ(refusal(test::png_of(8, 1, 8, 1, row)), ErrorCode::invalid_image);  // colour type
    EXPECT_EQ(refusal(test::png_of(8, 1, 8, 3, row)), ErrorCode::invalid_image);  // no palette
    EXPECT_EQ(refusal(test::png_of(0x7fffffff, 0x7fffffff, 8, 2, row)), ErrorCode::image_too_large);
    EXPECT_EQ(refusal(test::png_of(65535, 65535, 8, 6, row)), ErrorCode::image_too_large);
    EXPECT_EQ(refusal(test::png_of(5000, 5000, 8, 6, row)), ErrorCode::invalid_image);  // 100 MB in 12 bytes
    Bytes wrong_checksum = test::png_of(8, 1, 8, 2, row);
    wrong_checksum[wrong_checksum.size() - 13] ^= std::byte{1};  // the last byte of IDAT's
    EXPECT_EQ(refusal(wrong_checksum), ErrorCode::invalid_image);
    Bytes no_end = test::png_of(8, 1, 8, 2, row);
    no_end.resize(no_end.size() - 12);
    EXPECT_EQ(refusal(no_end), ErrorCode::invalid_image);
}

TEST(Png, AChunkThatClaimsAGigabyteIsRefusedUnread) {
    const Bytes claims =
        joined({"\x89PNG\r\n\x1a\n", "\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\0\0\0\0\x3a\x7e\x9b\x55"sv,
                "\x40\0\0\0tEXt"sv});
    EXPECT_EQ(refusal(claims), ErrorCode::invalid_image);
}

TEST(Png, CountsFramesAndSeesTransparentColours) {
    const Bytes row(9, std::byte{0});
    const Bytes animation = test::png_chunk("acTL", joined({"\0\0\0\x07\0\0\0\0"sv}));
    const Bytes transparent = test::png_chunk("tRNS", joined({"\0\0"sv}));
    const std::array chunks{animation, transparent};
    const auto facts = inspect(test::png_of(8, 1, 8, 0, row, chunks), {});
    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->frames, 7U);
    EXPECT_TRUE(facts->has_alpha);
    EXPECT_EQ(facts->colour_space, ColourSpace::grey);
    EXPECT_EQ(refusal(test::png_of(8, 1, 8, 0, row, chunks), {.frames_max = 6}), ErrorCode::too_many_frames);
    EXPECT_TRUE(inspect(test::png_of(8, 1, 8, 0, row, chunks), {.pixels_max = 8})) << "one frame is decoded";
    EXPECT_EQ(refusal(test::png_of(8, 1, 8, 0, row, chunks), {.pixels_max = 7}), ErrorCode::image_too_large);
}

TEST(Png, FindsTheOrientationInItsThreePlaces) {
    const Bytes row(9, std::byte{0});
    const auto orientation_with = [&](const Bytes& chunk) {
        const auto facts = inspect(test::png_of(8, 1, 8, 0, row, std::span(&chunk, 1)), {});
        return facts ? facts->orientation : Orientation::mirrored;
    };
    const Bytes exif = joined({"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0"sv});
    EXPECT_EQ(orientation_with(test::png_chunk("eXIf", exif)), Orientation::turned_90);
    const Bytes xmp = joined({"XML:com.adobe.xmp\0\0\0\0\0tiff:Orientation=\"8\""sv});
    EXPECT_EQ(orientation_with(test::png_chunk("iTXt", xmp)), Orientation::turned_270);
    constexpr auto digits = "\nexif\n      22\n49492a00080000000100120103000100000003000000\n"sv;
    Bytes raw_profile = joined({"Raw profile type exif\0\0"sv});
    const Bytes packed = test::deflated(test::bytes_of(digits));
    raw_profile.insert(raw_profile.end(), packed.begin(), packed.end());
    EXPECT_EQ(orientation_with(test::png_chunk("zTXt", raw_profile)), Orientation::turned_180);
}

TEST(Gif, CountsFrames) {
    const auto facts = inspect(test::gif_of(5, 10, 8), {});
    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->frames, 5U);
    EXPECT_EQ(facts->width_px, 10U);
    EXPECT_EQ(facts->height_px, 8U);
    EXPECT_EQ(refusal(test::gif_of(301, 10, 8)), ErrorCode::too_many_frames);
    EXPECT_EQ(refusal(test::gif_of(0, 10, 8)), ErrorCode::invalid_image);
    EXPECT_EQ(refusal(test::gif_of(200, 1000, 1000)), ErrorCode::image_too_large);  // in all frames together
}

TEST(Gif, AFrameBeyondTheScreenCounts) {
    const auto huge_frame = "\xff\xff\xff\xff"sv;
    EXPECT_EQ(refusal(replaced(test::gif_of(1, 10, 8), 19 + 5, huge_frame)), ErrorCode::image_too_large);
    EXPECT_EQ(refusal(replaced(test::gif_of(1, 10, 8), 19 + 5, "\0\0\1\0"sv)), ErrorCode::invalid_image);
    const auto past_the_end = "\xff"sv;  // the length of a sub-block
    EXPECT_EQ(refusal(replaced(test::gif_of(1, 10, 8), 19 + 11, past_the_end)), ErrorCode::invalid_image);
}

TEST(Webp, RefusesLies) {
    const Bytes file = test::sample_file(Format::webp, 40, 30, 3);
    EXPECT_EQ(refusal(replaced(file, 4, "\xff\xff\xff\x7f"sv)), ErrorCode::invalid_image);   // RIFF size
    EXPECT_EQ(refusal(replaced(file, 16, "\xff\xff\xff\x7f"sv)), ErrorCode::invalid_image);  // chunk size
    // 268 megapixels in 34 bytes.
    const Bytes solid = joined({"RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f\xfe\xbf\xff\x0f\0\0\0\0\0\0\0\0\0"sv});
    EXPECT_EQ(refusal(solid), ErrorCode::image_too_large);
    // A canvas that is not the size of its picture.
    const Bytes canvas =
        joined({"RIFF\x2c\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x63\0\0\x63\0\0"
                "VP8L\x0d\0\0\0\x2f\x07\xc0\x01\0\0\0\0\0\0\0\0\0\0"sv});
    EXPECT_EQ(refusal(canvas), ErrorCode::invalid_image);
}

TEST(Tiff, ReadsTheFirstDirectoryAlone) {
    const Bytes file = test::sample_file(Format::tiff, 40, 30, 3);
    ASSERT_TRUE(inspect(file, {}));
    EXPECT_EQ(refusal(replaced(file, 4, "\xff\xff\xff\x7f"sv)), ErrorCode::invalid_image);
    // Two entries, sides alone, that say 60,000 each: no strips.
    const Bytes lie =
        joined({"II*\0\x08\0\0\0\x02\0\0\x01\x04\0\x01\0\0\0\x60\xea\0\0\x01\x01\x04\0\x01\0\0\0\x60\xea\0\0"
                "\0\0\0\0"sv});
    EXPECT_EQ(refusal(lie), ErrorCode::invalid_image);
}

TEST(Isobmff, RefusesBoxesPastTheEndAndHugeClaims) {
    const auto ftyp =
        "\0\0\0\x18"
        "ftypavif\0\0\0\0avifmif1"sv;
    const auto ispe_17000 =
        "\0\0\0\x14"
        "ispe\0\0\0\0\0\0\x42\x68\0\0\x42\x68"sv;
    const auto meta =
        "\0\0\0\x30"
        "meta\0\0\0\0\0\0\0\x24"
        "iprp\0\0\0\x1c"
        "ipco"sv;
    EXPECT_EQ(refusal(joined({ftyp, meta, ispe_17000})), ErrorCode::image_too_large);
    EXPECT_EQ(refusal(joined({ftyp, meta})), ErrorCode::invalid_image);
    EXPECT_EQ(refusal(joined({ftyp})), ErrorCode::unsupported_image);
    EXPECT_EQ(refusal(joined({ftyp, "\0\0\0\1meta\xff\xff\xff\xff\xff\xff\xff\xff"sv})),
              ErrorCode::invalid_image);
}

}  // namespace
}  // namespace safelight
