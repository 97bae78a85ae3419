#include "imaging/orient.h"

#include <gtest/gtest.h>

#include "imaging/mapping.h"

namespace safelight {
namespace {

// The letters a…f as stored for each orientation, so that upright they read "ab / cd / ef".
struct Case {
    Orientation orientation;
    std::uint32_t width;
    std::string stored;
};

const std::vector<Case>& cases() {
    static const std::vector<Case> all{
        {Orientation::upright, 2, "abcdef"},      {Orientation::mirrored, 2, "badcfe"},
        {Orientation::turned_180, 2, "fedcba"},   {Orientation::mirrored_180, 2, "efcdab"},
        {Orientation::mirrored_270, 3, "acebdf"}, {Orientation::turned_90, 3, "bdface"},
        {Orientation::mirrored_90, 3, "fdbeca"},  {Orientation::turned_270, 3, "ecafdb"},
    };
    return all;
}

TEST(Orient, TurnsAllEightUpright) {
    for (const Case& each : cases()) {
        for (const std::uint32_t channels : {1U, 2U, 3U, 4U}) {
            Pixels stored(each.width, 6 / each.width, channels);
            for (std::size_t i = 0; i < stored.samples.size(); ++i) {
                stored.samples[i] = static_cast<std::uint8_t>(each.stored[i / channels]);
            }
            const Pixels upright = orient(stored, each.orientation);
            ASSERT_EQ(upright.width_px, 2U);
            ASSERT_EQ(upright.height_px, 3U);
            std::string text;
            for (std::size_t i = 0; i < upright.samples.size(); i += channels) {
                text += static_cast<char>(upright.samples[i]);
            }
            EXPECT_EQ(text, "abcdef")
                << "orientation " << static_cast<int>(each.orientation) << ", " << channels;
        }
    }
}

TEST(Orient, TwoTurnsAreOne) {
    Pixels letters(2, 3, 1);
    letters.samples = {'a', 'b', 'c', 'd', 'e', 'f'};
    for (int first = 1; first <= 8; ++first) {
        for (int second = 1; second <= 8; ++second) {
            const auto a = static_cast<Orientation>(first);
            const auto b = static_cast<Orientation>(second);
            EXPECT_EQ(orient(letters, combined(a, b)).samples, orient(orient(letters, a), b).samples)
                << first << ", then " << second;
        }
    }
}

TEST(Orient, RotatesClockwiseThenFlips) {
    Pixels letters(2, 3, 1);
    letters.samples = {'a', 'b', 'c', 'd', 'e', 'f'};
    const auto turned = [&](unsigned quarters, Flip flip) {
        const Pixels out = orient(letters, turn_of(quarters, flip));
        return std::to_string(out.width_px) + std::string(out.samples.begin(), out.samples.end());
    };
    EXPECT_EQ(turned(0, Flip::none), "2abcdef");
    EXPECT_EQ(turned(1, Flip::none), "3ecafdb");
    EXPECT_EQ(turned(2, Flip::none), "2fedcba");
    EXPECT_EQ(turned(3, Flip::none), "3bdface");
    EXPECT_EQ(turned(0, Flip::horizontal), "2badcfe");
    EXPECT_EQ(turned(0, Flip::vertical), "2efcdab");
    EXPECT_EQ(turned(1, Flip::horizontal), "3acebdf");
    EXPECT_EQ(turned(1, Flip::vertical), "3fdbeca");
}

}  // namespace
}  // namespace safelight
