#include "imaging/container/webp_chunks.h"

#include "imaging/container/byte_writer.h"

namespace safelight {
namespace {

constexpr std::size_t riff_header_bytes = 12;
constexpr std::uint8_t flag_animation = 0x02;
constexpr std::uint8_t flag_alpha = 0x10;

bool is_metadata(const WebpChunk& chunk) {
    return chunk.is("EXIF") || chunk.is("XMP ") || chunk.is("ICCP");
}

}  // namespace

bool is_webp(ByteView file) {
    return file.has_text(0, "RIFF") && file.has_text(8, "WEBP");
}

std::optional<WebpChunk> WebpChunks::next() {
    if (at_ >= file_.size()) return std::nullopt;
    const std::uint64_t length = file_.u32le(at_ + 4);
    // The last one's padding is missing in many files.
    const ByteView from = file_.from(at_);
    const auto payload = from.part(8, length);
    if (!payload || !from.holds(0, 8)) {
        broken_ = true;
        at_ = file_.size();
        return std::nullopt;
    }
    at_ += 8 + length + length % 2;
    return WebpChunk{from.part(0, 8 + length + length % 2).value_or(from), *payload};
}

std::vector<std::byte> without_webp_metadata(std::span<const std::byte> file) {
    const ByteView view(file);
    std::vector<std::byte> unchanged(file.begin(), file.end());
    if (!is_webp(view)) return unchanged;
    std::vector<std::byte> clean(file.begin(), file.begin() + riff_header_bytes);
    WebpChunks chunks(view);
    while (const auto chunk = chunks.next()) {
        if (is_metadata(*chunk)) continue;
        const bool is_extended_header = chunk->is("VP8X");
        const std::uint8_t flags = chunk->payload.u8(0) & (flag_animation | flag_alpha);
        if (is_extended_header && flags == 0) continue;
        append(clean, chunk->whole.bytes());
        if (is_extended_header) clean[clean.size() - chunk->whole.size() + 8] = std::byte{flags};
    }
    if (chunks.is_broken()) return unchanged;
    put_little(clean, 4, clean.size() - 8, 4);
    return clean;
}

}  // namespace safelight
