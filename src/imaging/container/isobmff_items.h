// Where the items of an AVIF or HEIC file lie: pictures, EXIF, XMP.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "imaging/container/byte_view.h"

namespace safelight {

struct ItemLocation {
    std::uint32_t id = 0;
    std::uint32_t method = 0;    // 0: in the file; 1: in the idat box; 2: in another item
    std::uint32_t extents = 0;   // pieces that it lies in
    std::uint64_t offset = 0;    // of the first
    std::uint64_t length = 0;    // of the first
    std::uint64_t field_at = 0;  // where the payload of the iloc box says what moves with the item

    /// In the file, in one piece.
    [[nodiscard]] bool is_plain() const { return method == 0 && extents == 1; }
};

/// From the payload of an iloc box. What comes after something malformed is left out, and what
/// is beyond ten thousand.
[[nodiscard]] std::vector<ItemLocation> item_locations(ByteView iloc);

/// The bytes of the first item of a type ("Exif", "mime") in a file; of "mime" items only those that hold
/// XMP. Empty when there is none.
[[nodiscard]] ByteView find_item(ByteView file, std::string_view type);

/// The TIFF structure in the payload of an Exif item, which begins with the offset of it.
[[nodiscard]] ByteView exif_of_item(ByteView item);

}  // namespace safelight
