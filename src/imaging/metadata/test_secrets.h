// Pictures that are full of what must not come out again.
#pragma once

#include <span>
#include <string_view>

#include "image/format.h"
#include "imaging/test_pictures.h"

namespace safelight::test {

/// Every secret holds this, as bytes of the file, in compressed text or in hexadecimal digits.
inline constexpr std::string_view secret = "SECRET";

/// What a picture may keep.
inline constexpr std::string_view artist = "Ann Author";
inline constexpr std::string_view credit = "Agency Credit";
inline constexpr std::string_view copyright = "(c) 2024 Ann Author";
inline constexpr std::string_view camera_model = "Model 5";
inline constexpr std::string_view lens_model = "50mm F1.8";

/// EXIF with everything that identifies or locates: GPS, serial numbers, owner, maker note, comments, unique
/// id, and a thumbnail in a second directory; also artist and copyright (not the credit), camera, lens, time,
/// exposure and an orientation.
[[nodiscard]] Bytes secret_exif();

/// With artist, credit and copyright, and secrets beside them.
[[nodiscard]] Bytes secret_xmp();

/// IPTC data sets, the same.
[[nodiscard]] Bytes secret_iptc();

/// Photoshop's image resources with `iptc`, and a thumbnail among them.
[[nodiscard]] Bytes photoshop_resources(std::span<const std::byte> iptc);

/// Insertion of blocks right behind the header: a JPEG's segment, a WebP's chunk.
[[nodiscard]] Bytes with_jpeg_segment(const Bytes& jpeg, std::uint8_t marker, std::string_view name,
                                      std::span<const std::byte> payload);
[[nodiscard]] Bytes with_png_chunk(const Bytes& png, std::string_view type,
                                   std::span<const std::byte> payload);

/// A picture of 64 × 48 with secrets in every place that the format has. Empty when the format cannot be made
/// here.
[[nodiscard]] Bytes file_with_secrets(Format format);

/// The same for a GIF of three frames.
[[nodiscard]] Bytes secret_animation();

}  // namespace safelight::test
