// Walks the chunks of a WebP file.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "imaging/container/byte_view.h"

namespace safelight {

struct WebpChunk {
    ByteView whole;  // with header and padding
    ByteView payload;
    [[nodiscard]] bool is(std::string_view type) const { return whole.has_text(0, type); }
};

class WebpChunks {
  public:
    /// `file` begins with the RIFF header.
    explicit WebpChunks(ByteView file) : file_(file) {}

    /// Nothing at the end of the bytes, or when a chunk goes past it (then is_broken()).
    [[nodiscard]] std::optional<WebpChunk> next();
    [[nodiscard]] bool is_broken() const { return broken_; }

  private:
    ByteView file_;
    std::uint64_t at_ = 12;
    bool broken_ = false;
};

[[nodiscard]] bool is_webp(ByteView file);

/// The same picture without EXIF, XMP and colour profile; the extended header goes too when nothing needs it
/// any more. `file` is what an encoder of ours wrote; anything that is no WebP comes back as it is.
[[nodiscard]] std::vector<std::byte> without_webp_metadata(std::span<const std::byte> file);

}  // namespace safelight
