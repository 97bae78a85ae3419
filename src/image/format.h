// The picture formats that Safelight knows, and how to tell them by their first bytes.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace safelight {

enum class Format { jpeg, png, gif, webp, tiff, avif, heic, jxl, bmp, svg };

inline constexpr std::array all_formats{Format::jpeg, Format::png,  Format::gif, Format::webp, Format::tiff,
                                        Format::avif, Format::heic, Format::jxl, Format::bmp,  Format::svg};

/// What a variant can be. HEIC's encoder is under patents, nobody wants a BMP, and pixels are no drawing.
[[nodiscard]] constexpr bool is_output_format(Format format) {
    return format != Format::heic && format != Format::bmp && format != Format::svg;
}

/// What animations are read from, all their frames, and written as.
[[nodiscard]] constexpr bool can_be_animated(Format format) {
    return format == Format::gif || format == Format::webp;
}

/// As in transforms and file suffixes: "jpeg", "png", …
[[nodiscard]] std::string_view name_of(Format format);
[[nodiscard]] std::optional<Format> format_from_name(std::string_view name);

/// "image/jpeg", …
[[nodiscard]] std::string_view media_type_of(Format format);
[[nodiscard]] std::optional<Format> format_from_media_type(std::string_view media_type);

/// How many leading bytes `sniff` looks at, and wants to see to be sure: comments and a document type may
/// stand before an SVG begins.
inline constexpr std::size_t sniff_bytes = 4'096;

/// The format by magic bytes alone; what a client calls it does not count. Empty for everything that is not
/// in `all_formats`: PDF, JPEG 2000, raw video, archives and text included.
[[nodiscard]] std::optional<Format> sniff(std::span<const std::byte> head);

}  // namespace safelight
