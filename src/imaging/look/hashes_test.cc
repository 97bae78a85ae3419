// ThumbHash and BlurHash against what published implementations of them make of the same pixels; dHash by
// hand.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "image/look.h"
#include "imaging/look/blurhash.h"
#include "imaging/look/look_at.h"
#include "imaging/look/thumbhash.h"

namespace safelight {
namespace {

/// Red rises to the right, green downwards, blue jumps; alpha, if any, rises along the diagonal.
Pixels pattern(std::uint32_t width, std::uint32_t height, bool with_alpha) {
    Pixels pixels(width, height, with_alpha ? 4 : 3);
    const auto share = [](std::uint32_t at, std::uint32_t last) {
        return static_cast<std::uint8_t>(at * 255 / std::max(1U, last));
    };
    for (std::uint32_t y = 0; y < height; ++y) {
        std::uint8_t* pixel = pixels.row(y);
        for (std::uint32_t x = 0; x < width; ++x, pixel += pixels.channels) {
            pixel[0] = share(x, width - 1);
            pixel[1] = share(y, height - 1);
            pixel[2] = static_cast<std::uint8_t>(x * 7 + y * 13);
            if (with_alpha) pixel[3] = share(x + y, width + height - 2);
        }
    }
    return pixels;
}

std::string hex(const std::vector<std::byte>& bytes) {
    std::string text;
    for (const std::byte byte : bytes) text += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
    return text;
}

/// A wave that is not there lies halfway between two steps, 7 and 8: the noise of the sums decides. `header`
/// digits are left alone.
std::string without_ties(std::string hash, std::size_t header) {
    std::ranges::replace(hash.begin() + static_cast<std::ptrdiff_t>(header), hash.end(), '8', '7');
    return hash;
}

struct Vector {
    std::uint32_t width;
    std::uint32_t height;
    const char* opaque;       // ThumbHash
    const char* transparent;  // ThumbHash
    const char* wide;         // BlurHash of 4 × 3
    const char* tall;         // BlurHash of 3 × 4
    const char* flat;         // BlurHash of 1 × 1
};

constexpr std::array vectors{
    Vector{48, 32, "1ff8093d9a7186877087788767685778808108f878",
           "a318861b8e27a186b09789a0b01afa6770877378777778", "L$HetT2s$2Svl}WVjrf9gHflfMff",
           "T$HetT2s$2l}WVjrgHflfMnhWmjo", "00HetT"},
    Vector{30, 47, "e0070a3c1a701778877787876576817007f878", "a3e8851b0e2790b1a777a991a009e95873777078777877",
           "L$HetW2owwX8l}agjre:gdfgfPfk", "T$HetW2owwl}agjrgdfgfPnTa}jr", "00HetW"},
    Vector{16, 16, "e0070e271c72777760787786877887788877077add808f08",
           "2508861d0e2782879089a89676c0e50ef96770778088877878", "L$Hx$#2-wuoyqIW9jwe:gFfnfOfh",
           "T$Hx$#2-wuqIW9jwgFfnfOs=Wmju", "00Hx$#"},
    Vector{48, 1, "93f62651be6578878888089af5874f8808", "1857b341d4777788888880e4877f880884878888b077f8",
           "L~HZ1U6dwrWv|l6dwrWv|l6dwrWv", "T~HZ1U6dwr|l6dwr|l6dwr|l6dwr", "00HZ1U"},
    Vector{1, 1, "000802070000000000000000000000000000000000000000",
           "00088205000000000000000000000000000000000000000000", "L00000fQfQfQfQfQfQfQfQfQfQfQ",
           "T00000fQfQfQfQfQfQfQfQfQfQfQ", "000000"},
};

TEST(Hashes, ThumbHashIsAsPublished) {
    for (const Vector& vector : vectors) {
        const auto opaque = thumbhash_of(pattern(vector.width, vector.height, false));
        EXPECT_EQ(without_ties(hex(opaque), 10), without_ties(vector.opaque, 10)) << vector.width;
        const auto transparent = thumbhash_of(pattern(vector.width, vector.height, true));
        EXPECT_EQ(without_ties(hex(transparent), 12), without_ties(vector.transparent, 12)) << vector.width;
        EXPECT_LE(opaque.size(), thumbhash_bytes_max);
        EXPECT_LE(transparent.size(), thumbhash_bytes_max);
    }
}

TEST(Hashes, BlurHashIsAsPublished) {
    for (const Vector& vector : vectors) {
        const Pixels pixels = pattern(vector.width, vector.height, false);
        EXPECT_EQ(blurhash_of(pixels, 4, 3), vector.wide) << vector.width;
        EXPECT_EQ(blurhash_of(pixels, 3, 4), vector.tall) << vector.width;
        EXPECT_EQ(blurhash_of(pixels, 1, 1), vector.flat) << vector.width;
        EXPECT_LE(blurhash_of(pixels, 9, 9).size(), 2 + 4 + 2 * 80U);
    }
}

/// Grey columns of one pixel each.
Pixels columns_of(const std::array<std::uint8_t, 9>& greys) {
    Pixels pixels(9, 8, 3);
    for (std::uint32_t y = 0; y < 8; ++y) {
        for (std::size_t x = 0; x < 9; ++x) std::fill_n(pixels.row(y) + x * 3, 3, greys[x]);
    }
    return pixels;
}

TEST(Hashes, DhashSaysWhereItGetsBrighter) {
    EXPECT_EQ(dhash_of(columns_of({0, 10, 20, 30, 40, 50, 60, 70, 80})), ~std::uint64_t{0});
    EXPECT_EQ(dhash_of(columns_of({80, 70, 60, 50, 40, 30, 20, 10, 0})), 0U);
    EXPECT_EQ(dhash_of(columns_of({5, 5, 5, 5, 5, 5, 5, 5, 5})), 0U) << "as bright is not brighter";
    EXPECT_EQ(dhash_of(columns_of({5, 9, 5, 9, 9, 5, 5, 5, 6})), 0xa1a1'a1a1'a1a1'a1a1U);
}

TEST(Hashes, DhashWorksOnAnyShape) {
    for (const auto& [width, height] : {std::pair{1U, 1U}, {1U, 48U}, {48U, 1U}, {48U, 48U}})
        EXPECT_EQ(dhash_of(Pixels(width, height, 3)), 0U);
    EXPECT_NE(dhash_of(pattern(48, 1, false)), 0U);
}

}  // namespace
}  // namespace safelight
