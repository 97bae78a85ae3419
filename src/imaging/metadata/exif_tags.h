// The tags of EXIF that are read or written here: CIPA DC-008 (EXIF 2.32), tables 3 to 12.
#pragma once

#include <cstdint>

namespace safelight::exif_tag {

// Of the first directory.
inline constexpr std::uint16_t make = 0x010f;
inline constexpr std::uint16_t model = 0x0110;
inline constexpr std::uint16_t date_time = 0x0132;
inline constexpr std::uint16_t artist = 0x013b;
inline constexpr std::uint16_t copyright = 0x8298;
inline constexpr std::uint16_t exif_directory = 0x8769;
inline constexpr std::uint16_t gps_directory = 0x8825;

// Of the EXIF directory.
inline constexpr std::uint16_t exif_version = 0x9000;
inline constexpr std::uint16_t date_time_original = 0x9003;
inline constexpr std::uint16_t offset_time_original = 0x9011;

// Of the GPS directory.
inline constexpr std::uint16_t latitude_reference = 0x0001;
inline constexpr std::uint16_t latitude = 0x0002;
inline constexpr std::uint16_t longitude_reference = 0x0003;
inline constexpr std::uint16_t longitude = 0x0004;

}  // namespace safelight::exif_tag
