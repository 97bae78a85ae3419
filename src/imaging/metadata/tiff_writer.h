// Writes directories of a TIFF structure, little-endian.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "imaging/container/byte_writer.h"
#include "imaging/container/tiff_directory.h"

namespace safelight {

struct TiffEntry {
    std::uint16_t tag = 0;
    std::uint16_t type = 0;
    std::uint32_t count = 0;
    ByteBuffer value;  // up to 4 bytes stand in the entry itself
};

/// ASCII, with the NUL that ends it.
[[nodiscard]] TiffEntry text_entry(std::uint16_t tag, std::string_view text);
[[nodiscard]] TiffEntry u32_entry(std::uint16_t tag, std::uint32_t value);
[[nodiscard]] TiffEntry bytes_entry(std::uint16_t tag, TiffType type, std::span<const std::byte> bytes);

/// At the end of `structure`: the directory, and then the values; `entries` in ascending order of their tags.
/// Returns its offset. The next directory is none.
std::uint32_t append_directory(ByteBuffer& structure, std::span<const TiffEntry> entries);

/// Sets the value of entry `index` of the directory at `offset`, whose value is one u32.
void set_u32_entry(ByteBuffer& structure, std::uint32_t offset, std::size_t index, std::uint32_t value);

}  // namespace safelight
