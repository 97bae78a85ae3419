#include "image/format.h"

#include <gtest/gtest.h>

#include <string>

namespace safelight {
namespace {

using namespace std::string_literals;

std::optional<Format> sniff_text(const std::string& text) {
    return sniff(std::as_bytes(std::span(text)));
}

TEST(Format, NamesAndMediaTypesRoundTrip) {
    for (const Format format : all_formats) {
        EXPECT_EQ(format_from_name(name_of(format)), format);
        EXPECT_EQ(format_from_media_type(media_type_of(format)), format);
    }
    EXPECT_FALSE(format_from_name("jpg"));
    EXPECT_FALSE(format_from_media_type("image/svg"));
}

TEST(Sniff, KnowsTheAcceptedFormats) {
    EXPECT_EQ(sniff_text("\xff\xd8\xff\xe0"s), Format::jpeg);
    EXPECT_EQ(sniff_text("\x89PNG\r\n\x1a\n\0\0"s), Format::png);
    EXPECT_EQ(sniff_text("GIF89a.."s), Format::gif);
    EXPECT_EQ(sniff_text("RIFF\x10\0\0\0WEBPVP8 "s), Format::webp);
    EXPECT_EQ(sniff_text("II*\0\x08\0\0\0"s), Format::tiff);
    EXPECT_EQ(sniff_text("MM\0*\0\0\0\x08"s), Format::tiff);
    EXPECT_EQ(sniff_text("\0\0\0\x1c"
                         "ftypavif\0\0\0\0"s),
              Format::avif);
    EXPECT_EQ(sniff_text("\0\0\0\x1c"
                         "ftypheic\0\0\0\0"s),
              Format::heic);
    EXPECT_EQ(sniff_text("\xff\x0a\xfa\x1f"s), Format::jxl);
    EXPECT_EQ(sniff_text("\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x14"s), Format::jxl);
    EXPECT_EQ(sniff_text("BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0"s), Format::bmp);
    EXPECT_EQ(sniff_text("<?xml version='1.0'?><!-- made by hand --><svg>"s), Format::svg);
}

TEST(Sniff, AGenericBrandIsDecidedByTheCompatibleOnes) {
    EXPECT_EQ(sniff_text("\0\0\0\x1c"
                         "ftypmif1\0\0\0\0mif1avif"s),
              Format::avif);
    EXPECT_EQ(sniff_text("\0\0\0\x1c"
                         "ftypmif1\0\0\0\0mif1heic"s),
              Format::heic);
    EXPECT_FALSE(
        sniff_text("\0\0\0\x14"
                   "ftypmif1\0\0\0\0mif1avif"s))
        << "the brand lies behind the box";
}

TEST(Sniff, LooksNoFurtherThanItSays) {
    const std::string comment = "<!--" + std::string(sniff_bytes, '-') + "-->";
    EXPECT_FALSE(sniff_text(comment + "<svg>"));
    EXPECT_EQ(sniff_text("<!--" + std::string(sniff_bytes - 20, ' ') + "--><svg>"), Format::svg);
}

TEST(Sniff, RefusesEverythingElse) {
    for (const auto& text :
         {""s, "\xff\xd8"s, "<svgx xmlns="s, "%PDF-1.7"s, "BM6\0\0\0"s, "%!PS-Adobe"s, "#EXTM3U"s,
          "\0\0\0\x0cjP  \r\n"s, "push graphic-context"s, "RIFF\x10\0\0\0WAVEfmt "s,
          "\0\0\0\x1c"
          "ftypisom\0\0\0\0"s,
          "P6\n64 64"s, "\0\0\x01\0"s, "\x1f\x8b\x08"s}) {
        EXPECT_FALSE(sniff_text(text)) << text;
    }
}

}  // namespace
}  // namespace safelight
