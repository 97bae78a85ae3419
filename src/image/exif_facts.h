// What the EXIF data of a picture says that people ask for.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

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

/// `text` is well-formed UTF-8. Also without what turns the direction of writing, and line separators.
[[nodiscard]] std::string without_control_characters(std::string_view text);

/// 2024-05-31T12:00:00 or 2024-05-31T12:00:00+02:00, each number in its range.
[[nodiscard]] bool is_time_taken(std::string_view text);

[[nodiscard]] bool is_position(const GpsPosition& position);

/// True when all of it is as said above: what comes from a renderer need not be.
[[nodiscard]] bool is_valid(const ExifFacts& facts);

}  // namespace safelight
