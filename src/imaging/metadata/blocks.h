// Where a file keeps its metadata. Found, not understood: the blocks are as untrusted as the file.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "image/format.h"
#include "imaging/container/byte_view.h"

namespace safelight {

/// The first block of each kind; empty where there is none. They lie in the file, which must outlive them, or
/// in `unpacked`.
struct MetadataBlocks {
    ByteView exif;               // a TIFF structure; of a TIFF the file itself
    ByteView xmp;                // the packet
    ByteView iptc;               // IIM data sets
    std::string author = {};     // of PNG's texts of that name; as text_of gives it
    std::string copyright = {};  // the same
    std::vector<std::vector<std::byte>> unpacked = {};
};

/// `file` has passed inspect() as `format`. What is compressed is unpacked up to png_metadata_bytes_max in
/// all. AVIF, HEIC and JPEG XL: items and boxes that are stored as they are.
[[nodiscard]] MetadataBlocks find_metadata(std::span<const std::byte> file, Format format);

}  // namespace safelight
