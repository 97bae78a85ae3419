#include "imaging/metadata/credits.h"

#include <gtest/gtest.h>

#include "imaging/container/byte_writer.h"
#include "imaging/metadata/test_secrets.h"
#include "imaging/metadata/text.h"
#include "imaging/metadata/xmp.h"

namespace safelight {
namespace {

using namespace std::string_view_literals;
using test::Bytes;

std::string text(std::string_view raw) {
    return text_of(ByteView(std::as_bytes(std::span(raw))));
}

std::string creator(std::string_view packet) {
    return xmp_text(ByteView(std::as_bytes(std::span(packet))), "dc:creator");
}

TEST(MetadataText, IsUtf8WhateverItWas) {
    EXPECT_EQ(text("  Zo\xc3\xab \0 hidden"sv), "Zoë");
    EXPECT_EQ(text("Zo\xeb"), "Zoë");
    EXPECT_EQ(text("a\x01\x1b[2Jb\n"), "a[2Jb");
    EXPECT_EQ(text(std::string(metadata_text_bytes_max, 'x')).size(), metadata_text_bytes_max);
    EXPECT_EQ(text(std::string(metadata_text_bytes_max + 1, 'x')), "");
    EXPECT_EQ(text(std::string(metadata_text_bytes_max, '\xe9')), "") << "longer as UTF-8";
}

TEST(Xmp, ReadsAttributesElementsAndLists) {
    EXPECT_EQ(creator(R"(<rdf:Description dc:creator="A &amp; B">)"), "A & B");
    EXPECT_EQ(creator("<x dc:creator = 'A'>"), "") << "as no program writes it";
    EXPECT_EQ(creator("<dc:creator>Zo&#xeb; &#233;</dc:creator>"), "Zoë é");
    EXPECT_EQ(
        creator(
            "<dc:creator><rdf:Seq><rdf:li>A</rdf:li><rdf:li xml:lang='x'>B</rdf:li></rdf:Seq></dc:creator>"),
        "A; B");
    EXPECT_EQ(creator("<dc:creatorTool>no</dc:creatorTool><dc:creator>yes</dc:creator>"), "yes");
    EXPECT_EQ(creator("<dc:creator/><dc:creator>late</dc:creator>"), "late");
}

TEST(Xmp, BrokenPacketsSayNothing) {
    for (const std::string_view broken :
         {"", "<dc:creator", "<dc:creator>", "<dc:creator>A", "<dc:creator><rdf:li>A</dc:creator>",
          "dc:creator=", "dc:creator=\"A", "<dc:creator><b>A</b></dc:creator>"})
        EXPECT_EQ(creator(broken), "") << broken;
    EXPECT_EQ(creator("<dc:creator>&#0;&#xd800;&bogus;&#99999999999;</dc:creator>").find('\0'),
              std::string::npos);
}

TEST(Credits, OfXmpAndIptcCountWhereExifSaysNothing) {
    const Credits expected{"Ann Author; Agency Credit", std::string(test::copyright)};
    const Bytes xmp = test::secret_xmp();
    const Bytes iptc = test::secret_iptc();
    EXPECT_EQ(read_credits({{}, ByteView(xmp), {}}), expected);
    EXPECT_EQ(read_credits({{}, {}, ByteView(iptc)}), expected);
    MetadataBlocks png;
    png.author = "Pat";
    png.copyright = "mine";
    EXPECT_EQ(read_credits(png), (Credits{"Pat", "mine"}));
    EXPECT_EQ(read_credits({}), Credits{});
}

TEST(Credits, AreFoundInEveryPlaceOfAFile) {
    Bytes jpeg = test::with_jpeg_segment(test::sample_file(Format::jpeg, 8, 8), 0xed, "Photoshop 3.0\0"sv,
                                         test::photoshop_resources(test::secret_iptc()));
    EXPECT_EQ(read_credits(find_metadata(jpeg, Format::jpeg)).copyright, test::copyright);
    const Bytes png = test::sample_file(Format::png, 8, 8);
    Bytes text = test::bytes_of("Copyright\0\0"sv);
    append(text, test::deflated(test::bytes_of("\xa9 Pat")));
    EXPECT_EQ(read_credits(find_metadata(test::with_png_chunk(png, "zTXt", text), Format::png)).copyright,
              "© Pat");
}

TEST(Credits, CutOffBlocksAreReadAsFarAsTheyGo) {
    const Bytes iptc = test::secret_iptc();
    const Bytes resources = test::photoshop_resources(iptc);
    for (std::size_t size = 0; size < iptc.size(); ++size) {
        const Bytes cut(iptc.begin(), iptc.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_EQ(read_credits({{}, {}, ByteView(cut)}).copyright, "");
    }
    for (std::size_t size = 0; size < resources.size(); ++size) {
        const Bytes cut(resources.begin(), resources.begin() + static_cast<std::ptrdiff_t>(size));
        const Bytes jpeg =
            test::with_jpeg_segment(test::sample_file(Format::jpeg, 8, 8), 0xed, "Photoshop 3.0\0"sv, cut);
        EXPECT_EQ(find_metadata(jpeg, Format::jpeg).iptc.size(),
                  size + 1 < resources.size() ? 0 : iptc.size());
    }
}

}  // namespace
}  // namespace safelight
