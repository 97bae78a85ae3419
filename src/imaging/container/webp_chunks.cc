#include "imaging/container/webp_chunks.h"

#include "imaging/container/byte_view.h"

namespace safelight {
namespace {

constexpr std::size_t riff_header_bytes = 12;
constexpr std::uint8_t flag_animation = 0x02;
constexpr std::uint8_t flag_alpha = 0x10;

bool is_metadata(ByteView chunk) {
    return chunk.has_text(0, "EXIF") || chunk.has_text(0, "XMP ") || chunk.has_text(0, "ICCP");
}

void write_u32le(std::vector<std::byte>& out, std::size_t at, std::size_t value) {
    for (std::size_t i = 0; i < 4; ++i) out[at + i] = static_cast<std::byte>(value >> 8 * i & 0xff);
}

}  // namespace

std::vector<std::byte> without_webp_metadata(std::span<const std::byte> file) {
    const ByteView view(file);
    std::vector<std::byte> unchanged(file.begin(), file.end());
    if (!view.has_text(0, "RIFF") || !view.has_text(8, "WEBP")) return unchanged;
    std::vector<std::byte> clean(file.begin(), file.begin() + riff_header_bytes);
    for (std::uint64_t at = riff_header_bytes; at < view.size();) {
        const std::uint64_t length = view.u32le(at + 4);
        const auto chunk = view.part(at, 8 + length + length % 2);
        if (!chunk) return unchanged;
        at += chunk->size();
        if (is_metadata(*chunk)) continue;
        const bool is_extended_header = chunk->has_text(0, "VP8X");
        const std::uint8_t flags = chunk->u8(8) & (flag_animation | flag_alpha);
        if (is_extended_header && flags == 0) continue;
        clean.insert(clean.end(), chunk->bytes().begin(), chunk->bytes().end());
        if (is_extended_header) clean[clean.size() - chunk->size() + 8] = std::byte{flags};
    }
    write_u32le(clean, 4, clean.size() - 8);
    return clean;
}

}  // namespace safelight
