#include "imaging/container/exif.h"

#include <string_view>

#include "imaging/container/tiff_directory.h"

namespace safelight {
namespace {

constexpr std::uint16_t tag_orientation = 0x0112;

std::optional<Orientation> orientation_from(std::uint32_t value) {
    if (value < 1 || value > 8) return std::nullopt;
    return static_cast<Orientation>(value);
}

}  // namespace

std::optional<Orientation> orientation_of_exif(ByteView exif) {
    const auto directory = TiffDirectory::first_of(exif);
    if (!directory) return std::nullopt;
    const TiffField field = directory->field(tag_orientation);
    if (!field.is(TiffType::u16) || field.count != 1) return std::nullopt;
    return orientation_from(field.number());
}

ByteView exif_of_block(ByteView block) {
    using namespace std::string_view_literals;
    return block.has_text(0, "Exif\0\0"sv) ? block.from(6) : block;
}

std::optional<Orientation> orientation_of_exif_block(ByteView block) {
    return orientation_of_exif(exif_of_block(block));
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
