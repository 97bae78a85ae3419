// The text chunks of a PNG.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "imaging/container/byte_view.h"
#include "imaging/container/png_chunks.h"

namespace safelight {

struct PngText {
    std::string_view keyword;
    ByteView value;  // the text, or a zlib stream of it
    bool is_deflated = false;
    bool is_utf8 = false;  // else Latin-1

    [[nodiscard]] bool is_exif_profile() const {
        return !is_utf8 && (keyword == "Raw profile type exif" || keyword == "Raw profile type APP1");
    }
    [[nodiscard]] bool is_xmp() const { return is_utf8 && keyword == "XML:com.adobe.xmp"; }
};

/// Of tEXt, zTXt and iTXt; nothing for other chunks, and for an iTXt that is cut off.
[[nodiscard]] std::optional<PngText> png_text_of(const PngChunk& chunk);

/// ImageMagick's way to keep a block of metadata in text: "\nexif\n    1234\n45786966…" with line breaks
/// anywhere in the digits.
[[nodiscard]] std::vector<std::byte> bytes_of_raw_profile(std::string_view text);

}  // namespace safelight
