#include "imaging/container/jxl_header.h"

#include <gtest/gtest.h>

#include "imaging/container/container.h"
#include "imaging/test_jxl_bits.h"
#include "imaging/test_pictures.h"

namespace safelight {
namespace {

using namespace std::string_view_literals;
using test::Bytes;
using Bits = test::JxlBits;

/// Sides as multiples of 8, then the ratio.
Bits small_square() {
    return Bits().put(1, 1).put(3, 5).put(1, 3);
}

Bytes boxed(std::string_view type, const Bytes& payload) {
    Bytes box;
    const auto size = static_cast<std::uint32_t>(payload.size() + 8);
    for (int shift = 24; shift >= 0; shift -= 8) box.push_back(static_cast<std::byte>(size >> shift & 0xff));
    const Bytes name = test::bytes_of(type);
    box.insert(box.end(), name.begin(), name.end());
    box.insert(box.end(), payload.begin(), payload.end());
    return box;
}

Bytes file_of(std::initializer_list<Bytes> boxes) {
    Bytes file = test::bytes_of(
        "\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x14"
        "ftypjxl \0\0\0\0jxl "sv);
    for (const Bytes& box : boxes) file.insert(file.end(), box.begin(), box.end());
    return file;
}

Bytes part(std::uint32_t number, const Bytes& content) {
    Bytes payload;
    for (int shift = 24; shift >= 0; shift -= 8)
        payload.push_back(static_cast<std::byte>(number >> shift & 0xff));
    payload.insert(payload.end(), content.begin(), content.end());
    return boxed("jxlp", payload);
}

ErrorCode refusal(const Bytes& file) {
    const auto facts = inspect(file, {});
    return facts ? ErrorCode::internal : facts.error().code;
}

TEST(JxlHeader, ReadsSides) {
    const auto usual = [](Bits bits) { return read_jxl_header(ByteView(bits.put(1, 1).bytes())); };
    const auto square = usual(small_square());
    ASSERT_TRUE(square);
    EXPECT_EQ(square->width_px, 32U);
    EXPECT_EQ(square->height_px, 32U);
    // A height of 1000 in 13 bits; the width 16:9 of it.
    const auto wide = usual(Bits().put(0, 1).put(1, 2).put(999, 13).put(5, 3));
    ASSERT_TRUE(wide);
    EXPECT_EQ(wide->width_px, 1777U);
    EXPECT_EQ(wide->height_px, 1000U);
    // 2^30 is the largest side; with a ratio it is beyond.
    const auto huge = usual(Bits().put(0, 1).put(3, 2).put(0x3fff'ffff, 30).put(7, 3));
    ASSERT_TRUE(huge);
    EXPECT_EQ(huge->width_px, 0x8000'0000U);
    EXPECT_EQ(refusal(Bits().put(0, 1).put(3, 2).put(0x3fff'ffff, 30).put(7, 3).put(1, 1).bytes()),
              ErrorCode::image_too_large);
}

TEST(JxlHeader, ReadsWhatIsUnusual) {
    // Turned, with an intrinsic size, a preview and an animation, grey with 16 bits, a named depth channel
    // and alpha.
    Bits bits = small_square();
    bits.put(0, 1).put(1, 1);
    bits.put(5, 3);
    bits.put(1, 1).put(1, 1).put(1, 5).put(1, 3);
    bits.put(1, 1).put(1, 1).put(0, 2).put(1, 3);
    bits.put(1, 1).put(0, 2).put(0, 2).put(0, 2).put(0, 1);
    bits.put(0, 1).put(3, 2).put(15, 6);
    bits.put(0, 1).put(2, 2).put(0, 4);
    bits.put(0, 1).put(1, 2).put(0, 1).put(0, 2).put(0, 2).put(1, 2).put(3, 4).put(0x616263, 24);
    bits.put(1, 1);
    bits.put(0, 1).put(0, 1).put(0, 1).put(1, 2);
    const auto header = read_jxl_header(ByteView(bits.bytes()));
    ASSERT_TRUE(header);
    EXPECT_TRUE(header->has_alpha);
    EXPECT_TRUE(header->is_grey);
    EXPECT_TRUE(header->is_animated);
}

TEST(JxlHeader, RefusesWhatIsNotTaken) {
    Bits black = small_square();
    black.put(0, 1).put(0, 1).put(0, 1).put(0, 2).put(1, 1).put(1, 2);
    black.put(0, 1).put(2, 2).put(2, 4).put(0, 1).put(0, 2).put(0, 2).put(0, 2).put(0, 64);
    EXPECT_EQ(refusal(black.bytes()), ErrorCode::unsupported_image);
    Bits many = small_square();
    many.put(0, 1).put(0, 1).put(0, 1).put(0, 2).put(1, 1).put(3, 2).put(4'095, 12);
    EXPECT_EQ(refusal(many.bytes()), ErrorCode::unsupported_image);
}

TEST(JxlHeader, MayLieInParts) {
    const Bytes whole = test::sample_file(Format::jxl, 40, 30);
    const Bytes start(whole.begin(), whole.begin() + 3);
    const Bytes rest(whole.begin() + 3, whole.end());
    constexpr std::uint32_t last = 0x8000'0000;
    const auto facts = inspect(file_of({part(0, start), boxed("Exif", {}), part(last | 1, rest)}), {});
    ASSERT_TRUE(facts) << facts.error().log_text;
    EXPECT_EQ(facts->width_px, 40U);
    EXPECT_EQ(facts->height_px, 30U);
    EXPECT_TRUE(inspect(file_of({boxed("jxlc", whole)}), {}));
    EXPECT_EQ(refusal(file_of({part(0, start), part(1, rest)})), ErrorCode::invalid_image);  // no last one
    EXPECT_EQ(refusal(file_of({part(1, start), part(last | 0, rest)})), ErrorCode::invalid_image);  // order
    EXPECT_EQ(refusal(file_of({part(last, whole), part(1, rest)})), ErrorCode::invalid_image);
    EXPECT_EQ(refusal(file_of({boxed("jxlc", whole), boxed("jxlc", whole)})), ErrorCode::invalid_image);
    EXPECT_EQ(refusal(file_of({boxed("jxlc", whole), part(last, whole)})), ErrorCode::invalid_image);
    EXPECT_EQ(refusal(file_of({})), ErrorCode::invalid_image);
    Bytes past_the_end = file_of({boxed("jxlc", whole)});
    past_the_end.pop_back();
    EXPECT_EQ(refusal(past_the_end), ErrorCode::invalid_image);
}

}  // namespace
}  // namespace safelight
