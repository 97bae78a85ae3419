// Walks the segments of a JPEG.
#pragma once

#include <cstdint>
#include <optional>

#include "imaging/container/byte_view.h"

namespace safelight {

struct JpegSegment {
    std::uint8_t marker = 0;  // the byte after 0xFF
    ByteView payload;         // without the length
};

namespace jpeg_marker {
inline constexpr std::uint8_t start_of_image = 0xd8;
inline constexpr std::uint8_t end_of_image = 0xd9;
inline constexpr std::uint8_t start_of_scan = 0xda;
inline constexpr std::uint8_t app1 = 0xe1;
inline constexpr std::uint8_t app2 = 0xe2;
inline constexpr std::uint8_t app13 = 0xed;
}  // namespace jpeg_marker

class JpegSegments {
  public:
    /// `file` begins with a start-of-image marker.
    explicit JpegSegments(ByteView file) : file_(file), at_(2) {}

    /// The next marker that is no restart marker, with its payload. After a start of scan, its entropy-coded
    /// data is passed over. Nothing at the end of the bytes, or when a segment goes past it (then
    /// is_broken()).
    [[nodiscard]] std::optional<JpegSegment> next();

    [[nodiscard]] bool is_broken() const { return broken_; }

  private:
    ByteView file_;
    std::size_t at_;
    bool broken_ = false;
};

}  // namespace safelight
