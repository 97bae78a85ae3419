// What the EXIF data of a picture says that people ask for.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace safelight {

/// No text is longer; longer ones are left out.
inline constexpr std::size_t exif_text_bytes_max = 200;

/// Degrees; north and east are positive.
struct GpsPosition {
    double latitude = 0;   // −90–90
    double longitude = 0;  // −180–180

    bool operator==(const GpsPosition&) const = default;
};

/// Texts are UTF-8 without control characters; empty when the picture does not say.
struct ExifFacts {
    std::string camera_make = {};
    std::string camera_model = {};
    std::string taken_at = {};  // as 2024-05-31T12:00:00, with +02:00 after it when the zone is known
    std::string artist = {};
    std::string copyright = {};
    std::optional<GpsPosition> position = {};

    bool operator==(const ExifFacts&) const = default;
};

}  // namespace safelight
