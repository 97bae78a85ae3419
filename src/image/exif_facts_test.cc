#include "image/exif_facts.h"

#include <gtest/gtest.h>

#include <limits>

namespace safelight {
namespace {

TEST(ExifFacts, ControlCharactersGoWhateverTheirLength) {
    EXPECT_EQ(without_control_characters("a\tb\x7f\n"), "ab");
    EXPECT_EQ(without_control_characters("a\u0085\u202e\u2066\ufeffb"), "ab");
    EXPECT_EQ(without_control_characters("Zoë 撮影 📷"), "Zoë 撮影 📷");
}

TEST(ExifFacts, TimesAreTimes) {
    for (const char* good : {"2024-05-31T12:00:00", "2024-05-31T23:59:60+02:00", "1999-12-01T00:00:00-09:30"})
        EXPECT_TRUE(is_time_taken(good)) << good;
    for (const char* bad : {"", "2024-05-31", "2024-13-31T12:00:00", "2024-00-31T12:00:00",
                            "2024-05-32T12:00:00", "2024-05-31T24:00:00", "2024-05-31T12:00:00Z",
                            "2024-05-31T12:00:00+2:00", "2024-05-31T12:00:00+15:00", "    -  -  T  :  :  "})
        EXPECT_FALSE(is_time_taken(bad)) << bad;
}

TEST(ExifFacts, AreValidOrNot) {
    const ExifFacts good{"Make", "Model", "2024-05-31T12:00:00", "Ann", "© Ann", GpsPosition{-90, 180}};
    EXPECT_TRUE(is_valid(good));
    EXPECT_TRUE(is_valid({}));
    EXPECT_FALSE(is_valid({.camera_make = std::string(exif_text_bytes_max + 1, 'x')}));
    EXPECT_FALSE(is_valid({.camera_model = "\xff"}));
    EXPECT_FALSE(is_valid({.taken_at = "yesterday"}));
    EXPECT_FALSE(is_valid({.artist = "a\nb"}));
    EXPECT_FALSE(is_valid({.copyright = std::string(1, '\0')}));
    EXPECT_FALSE(is_valid({.position = GpsPosition{91, 0}}));
    EXPECT_FALSE(is_valid({.position = GpsPosition{0, std::numeric_limits<double>::quiet_NaN()}}));
}

}  // namespace
}  // namespace safelight
