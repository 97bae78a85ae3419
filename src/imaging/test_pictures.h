// Pictures that tests make themselves: small, one for each format, and with what an attacker would put in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "image/facts.h"
#include "imaging/imaging.h"
#include "imaging/pixels.h"

namespace safelight::test {

using Bytes = std::vector<std::byte>;

/// A smooth picture with different corners: no two of its eight orientations look alike.
[[nodiscard]] Pixels sample_pixels(std::uint32_t width, std::uint32_t height, std::uint32_t channels);

/// The same as a file, written by libvips. Empty when it cannot write the format.
[[nodiscard]] Bytes sample_file(Format format, std::uint32_t width, std::uint32_t height,
                                std::uint32_t channels = 3);

/// sample_file with GPS and a name in EXIF, an XMP packet, and the orientation tag. JPEG, PNG and WebP.
[[nodiscard]] Bytes file_with_metadata(Format format, Orientation orientation);

/// sample_file(jpeg) with EXIF that holds nothing but the orientation tag; the pixels are stored so that they
/// come out as sample_pixels(width, height) when it is applied.
[[nodiscard]] Bytes oriented_jpeg(Orientation orientation, std::uint32_t width, std::uint32_t height);

/// sample_file with an ICC profile: "srgb", "p3" or, for CMYK, "cmyk" (libvips' own).
[[nodiscard]] Bytes jpeg_with_profile(std::string_view profile);

/// A frame-by-frame GIF: one black pixel each in a canvas of the given sides.
[[nodiscard]] Bytes gif_of(std::uint32_t frames, std::uint16_t width, std::uint16_t height);

/// A PNG of given header fields and raw chunks, with right checksums; `data` is deflated.
[[nodiscard]] Bytes png_of(std::uint32_t width, std::uint32_t height, std::uint8_t depth,
                           std::uint8_t colour_type, std::span<const std::byte> data,
                           std::span<const Bytes> extra_chunks = {});
[[nodiscard]] Bytes png_chunk(std::string_view type, std::span<const std::byte> payload);
[[nodiscard]] Bytes deflated(std::span<const std::byte> raw);

[[nodiscard]] Bytes bytes_of(std::string_view text);
[[nodiscard]] bool contains(std::span<const std::byte> bytes, std::string_view text);

/// The pictures of render_all.
[[nodiscard]] Result<std::vector<Result<EncodedPicture>>> rendered(std::span<const std::byte> file,
                                                                   std::span<const Transform> transforms,
                                                                   const ImageLimits& limits,
                                                                   const StopCheck& stop);

/// Decodes with libvips, as another program would see it; 8 bits. Fails the test when that does not work.
[[nodiscard]] Pixels decoded(std::span<const std::byte> file);

/// Mean absolute difference of two pictures of the same shape; 255 when the shapes differ.
[[nodiscard]] double mean_difference(const Pixels& a, const Pixels& b);

}  // namespace safelight::test
