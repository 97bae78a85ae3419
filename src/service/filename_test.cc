#include "service/filename.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace safelight {
namespace {

using namespace std::string_literals;

TEST(CleanFilename, KeepsAnOrdinaryName) {
    EXPECT_EQ(clean_filename("cat.jpg", Format::jpeg), "cat.jpg");
    EXPECT_EQ(clean_filename("Ünïcode 写真.png", Format::png), "Ünïcode 写真.png");
    EXPECT_EQ(clean_filename("-rf", Format::jpeg), "-rf");
    EXPECT_EQ(clean_filename(".htaccess", Format::jpeg), ".htaccess");
    EXPECT_EQ(clean_filename("%2e%2e", Format::jpeg), "%2e%2e");
}

TEST(CleanFilename, TakesTheLastPathComponentOnly) {
    EXPECT_EQ(clean_filename("../../etc/passwd", Format::jpeg), "passwd");
    EXPECT_EQ(clean_filename("C:\\fotos\\cat.gif", Format::gif), "cat.gif");
    EXPECT_EQ(clean_filename("a/b\\c.png", Format::png), "c.png");
}

TEST(CleanFilename, DropsWhatIsNoTextToShow) {
    EXPECT_EQ(clean_filename("a\0b\r\n\x7f.jpg"s, Format::jpeg), "ab.jpg");
    EXPECT_EQ(clean_filename("a\xc2\x85"
                             "b.jpg",
                             Format::jpeg),
              "ab.jpg")
        << "C1 control character";
    EXPECT_EQ(clean_filename("cat\u202egpj.exe", Format::jpeg), "catgpj.exe") << "right-to-left override";
    EXPECT_EQ(clean_filename("\u2066cat\u2069.jpg", Format::jpeg), "cat.jpg");
    EXPECT_EQ(clean_filename("  cat.jpg \t", Format::jpeg), "cat.jpg");
}

TEST(CleanFilename, BecomesValidUtf8) {
    EXPECT_EQ(clean_filename("caf\xe9.jpg", Format::jpeg), "caf\ufffd.jpg");
    EXPECT_TRUE(is_utf8(clean_filename("\xff\xfe\xf0\x9f", Format::jpeg)));
}

TEST(CleanFilename, IsCutBetweenCharacters) {
    const std::string exact(filename_bytes_max, 'a');
    EXPECT_EQ(clean_filename(exact, Format::jpeg), exact);
    EXPECT_EQ(clean_filename(exact + "b", Format::jpeg), exact);
    const std::string cut = clean_filename(std::string(254, 'a') + "€uro", Format::jpeg);
    EXPECT_EQ(cut, std::string(254, 'a'));
    const std::string bad = clean_filename(std::string(5'000, '\xff'), Format::jpeg);
    EXPECT_EQ(bad.size(), filename_bytes_max);
    EXPECT_TRUE(is_utf8(bad));
}

TEST(CleanFilename, HasADefault) {
    EXPECT_EQ(clean_filename("", Format::jpeg), "upload.jpg");
    EXPECT_EQ(clean_filename("folder/", Format::webp), "upload.webp");
    EXPECT_EQ(clean_filename("\r\n\t ", Format::png), "upload.png");
    EXPECT_EQ(clean_filename("..", Format::avif), "upload.avif");
}

TEST(VariantFilename, ReplacesTheSuffix) {
    EXPECT_EQ(variant_filename("cat.jpeg", "thumbnail", Format::webp), "cat-thumbnail.webp");
    EXPECT_EQ(variant_filename("cat", "thumbnail", Format::jpeg), "cat-thumbnail.jpg");
    EXPECT_EQ(variant_filename("a.b.png", "big", Format::png), "a.b-big.png");
    EXPECT_EQ(variant_filename("cat.jpeg", "small", std::nullopt), "cat-small");
    EXPECT_EQ(variant_filename(".htaccess", "big", Format::png), ".htaccess-big.png");
}

TEST(VariantFilename, StaysWithinTheLimit) {
    const std::string name = variant_filename(std::string(255, 'a'), std::string(64, 'v'), Format::heic);
    EXPECT_EQ(name.size(), filename_bytes_max);
    EXPECT_TRUE(name.ends_with("v.heic"));
}

}  // namespace
}  // namespace safelight
