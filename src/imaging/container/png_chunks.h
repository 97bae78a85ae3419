// Walks the chunks of a PNG, and takes them apart no further than is safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "imaging/container/byte_view.h"

namespace safelight {

struct PngChunk {
    ByteView whole;  // length, type, payload, checksum
    ByteView payload;

    [[nodiscard]] bool is(std::string_view type) const { return whole.has_text(4, type); }
    /// Upper case in the first letter of the type: a decoder cannot do without it.
    [[nodiscard]] bool is_critical() const { return (whole.u8(4) & 0x20) == 0; }
    [[nodiscard]] bool checksum_holds() const;
};

class PngChunks {
  public:
    /// `file` begins with the signature.
    explicit PngChunks(ByteView file) : file_(file) {}

    /// Nothing at the end of the bytes, or when a chunk goes past it (then is_broken()).
    [[nodiscard]] std::optional<PngChunk> next();
    [[nodiscard]] bool is_broken() const { return broken_; }

  private:
    ByteView file_;
    std::size_t at_ = 8;
    bool broken_ = false;
};

/// How much of all compressed text and profiles of one file is ever inflated.
inline constexpr std::size_t png_metadata_bytes_max = 1 << 20;

/// Inflates a zlib stream; nothing when it is broken or gives more than `bytes_max`.
[[nodiscard]] std::optional<std::vector<std::byte>> inflate_bounded(ByteView deflated, std::size_t bytes_max);

/// The profile in the payload of an iCCP chunk; nothing when it is broken, or larger than
/// png_metadata_bytes_max.
[[nodiscard]] std::optional<std::vector<std::byte>> png_icc_profile(ByteView payload);

/// The same picture with nothing but what its pixels need: no text, no EXIF, no animation, and a colour
/// profile only when it is of a sane size. A decoder that inflates all it finds is safe with this.
[[nodiscard]] std::vector<std::byte> without_png_metadata(std::span<const std::byte> file);

}  // namespace safelight
