#include "imaging/container/exif.h"

#include <string_view>

namespace safelight {
namespace {

constexpr std::uint16_t tag_orientation = 0x0112;
constexpr std::uint16_t type_short = 3;

std::optional<Orientation> orientation_from(std::uint32_t value) {
    if (value < 1 || value > 8) return std::nullopt;
    return static_cast<Orientation>(value);
}

}  // namespace

std::optional<Orientation> orientation_of_exif(ByteView exif) {
    const bool little = exif.has_text(0, "II");
    if (!little && !exif.has_text(0, "MM")) return std::nullopt;
    const auto u16 = [&](std::uint64_t at) { return little ? exif.u16le(at) : exif.u16be(at); };
    const auto u32 = [&](std::uint64_t at) { return little ? exif.u32le(at) : exif.u32be(at); };
    if (u16(2) != 42) return std::nullopt;
    const std::uint64_t directory = u32(4);
    const std::uint16_t count = u16(directory);
    for (std::uint16_t i = 0; i < count; ++i) {
        const std::uint64_t entry = directory + 2 + std::uint64_t{i} * 12;
        if (!exif.holds(entry, 12)) return std::nullopt;
        if (u16(entry) == tag_orientation && u16(entry + 2) == type_short && u32(entry + 4) == 1) {
            return orientation_from(u16(entry + 8));
        }
    }
    return std::nullopt;
}

std::optional<Orientation> orientation_of_exif_block(ByteView block) {
    using namespace std::string_view_literals;
    return orientation_of_exif(block.has_text(0, "Exif\0\0"sv) ? block.from(6) : block);
}

std::optional<Orientation> orientation_of_xmp(ByteView packet) {
    constexpr std::string_view name = "tiff:Orientation";
    const std::string_view text = packet.text();
    const std::size_t found = text.find(name);
    if (found == std::string_view::npos) return std::nullopt;
    std::size_t at = found + name.size();
    // tiff:Orientation="6", ='6' or >6<
    while (at < text.size() && std::string_view(" \t\r\n=\"'>").contains(text[at])) ++at;
    if (at >= text.size() || text[at] < '0' || text[at] > '9') return std::nullopt;
    if (at + 1 < text.size() && text[at + 1] >= '0' && text[at + 1] <= '9') return std::nullopt;
    return orientation_from(static_cast<std::uint32_t>(text[at] - '0'));
}

}  // namespace safelight
