#include "imaging/container/tiff_directory.h"

#include <algorithm>

namespace safelight {
namespace {

constexpr std::uint16_t entries_max = 1000;
constexpr std::uint64_t entry_bytes = 12;

}  // namespace

std::uint32_t bytes_of_type(std::uint16_t type) {
    switch (type) {
        case 1:
        case 2:
        case 6:
        case 7:
        case 129:
            return 1;
        case 3:
        case 8:
            return 2;
        case 4:
        case 9:
        case 11:
            return 4;
        case 5:
        case 10:
        case 12:
            return 8;
        default:
            return 0;
    }
}

std::uint32_t TiffField::number(std::uint32_t index) const {
    switch (type) {
        case 1:
            return values.u8(index);
        case 3: {
            const std::uint64_t at = std::uint64_t{index} * 2;
            return little ? values.u16le(at) : values.u16be(at);
        }
        case 4: {
            const std::uint64_t at = std::uint64_t{index} * 4;
            return little ? values.u32le(at) : values.u32be(at);
        }
        default:
            return 0;
    }
}

TiffRational TiffField::rational(std::uint32_t index) const {
    if (!is(TiffType::rational) && !is(TiffType::srational)) return {};
    const std::uint64_t at = std::uint64_t{index} * 8;
    return little ? TiffRational{values.u32le(at), values.u32le(at + 4)}
                  : TiffRational{values.u32be(at), values.u32be(at + 4)};
}

TiffDirectory::TiffDirectory(ByteView structure, std::uint64_t offset)
    : structure_(structure), offset_(offset), little_(structure.has_text(0, "II")) {
    const std::uint16_t claimed = u16(offset);
    is_whole_ = claimed > 0 && claimed <= entries_max && structure.holds(offset, 2 + claimed * entry_bytes);
    const std::uint64_t held = structure.from(offset + 2).size() / entry_bytes;
    entries_ = static_cast<std::uint16_t>(std::min<std::uint64_t>({claimed, held, entries_max}));
}

std::optional<TiffDirectory> TiffDirectory::first_of(ByteView structure) {
    const bool little = structure.has_text(0, "II");
    if (!little && !structure.has_text(0, "MM")) return std::nullopt;
    if ((little ? structure.u16le(2) : structure.u16be(2)) != 42) return std::nullopt;
    return TiffDirectory(structure, little ? structure.u32le(4) : structure.u32be(4));
}

TiffField TiffDirectory::field(std::uint16_t tag) const {
    for (std::uint16_t i = 0; i < entries_; ++i) {
        if (u16(offset_ + 2 + i * entry_bytes) == tag) return entry(i);
    }
    return {};
}

TiffField TiffDirectory::entry(std::uint16_t index) const {
    const std::uint64_t at = offset_ + 2 + index * entry_bytes;
    const std::uint16_t tag = u16(at);
    const std::uint16_t type = u16(at + 2);
    const std::uint32_t count = u32(at + 4);
    const std::uint64_t bytes = std::uint64_t{count} * bytes_of_type(type);
    const auto values = structure_.part(bytes <= 4 ? at + 8 : u32(at + 8), bytes);
    if (bytes == 0 || !values) return TiffField{.tag = tag, .values = {}};
    return TiffField{tag, type, count, *values, little_};
}

std::optional<TiffDirectory> TiffDirectory::directory(std::uint16_t tag) const {
    const TiffField pointer = field(tag);
    if (!pointer.is(TiffType::u32) || pointer.count != 1) return std::nullopt;
    return TiffDirectory(structure_, pointer.number());
}

}  // namespace safelight
