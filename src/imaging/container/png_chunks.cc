#include "imaging/container/png_chunks.h"

#include <zlib.h>

#include <algorithm>
#include <array>

namespace safelight {
namespace {

constexpr std::size_t frame_bytes = 12;  // length, type and checksum around the payload

const Bytef* zlib_bytes(ByteView view) {
    return reinterpret_cast<const Bytef*>(view.bytes().data());
}

bool is_wanted(const PngChunk& chunk) {
    constexpr std::array<std::string_view, 8> wanted{"IHDR", "PLTE", "IDAT", "IEND",
                                                     "tRNS", "gAMA", "cHRM", "sRGB"};
    if (std::ranges::any_of(wanted, [&](std::string_view type) { return chunk.is(type); })) return true;
    return chunk.is("iCCP") && png_icc_profile(chunk.payload);
}

}  // namespace

bool PngChunk::checksum_holds() const {
    const ByteView covered = whole.from(4);
    const uLong computed = crc32_z(0, zlib_bytes(covered), covered.size() - 4);
    return computed == whole.u32be(whole.size() - 4);
}

std::optional<PngChunk> PngChunks::next() {
    if (at_ >= file_.size()) return std::nullopt;
    const std::uint64_t length = file_.u32be(at_);
    const auto whole = file_.part(at_, length + frame_bytes);
    if (!whole || !file_.holds(at_, 4)) {
        broken_ = true;
        at_ = file_.size();
        return std::nullopt;
    }
    at_ += whole->size();
    return PngChunk{*whole, *whole->part(8, length)};
}

std::optional<std::vector<std::byte>> inflate_bounded(ByteView deflated, std::size_t bytes_max) {
    z_stream stream{};
    if (inflateInit(&stream) != Z_OK) return std::nullopt;
    // zlib does not write to its input; the field is const only with ZLIB_CONST.
    stream.next_in = const_cast<Bytef*>(zlib_bytes(deflated));
    stream.avail_in = static_cast<uInt>(std::min<std::size_t>(deflated.size(), 1U << 30));
    std::vector<std::byte> inflated;
    std::array<std::byte, 16384> block{};
    int state = Z_OK;
    while (state == Z_OK && inflated.size() <= bytes_max) {
        stream.next_out = reinterpret_cast<Bytef*>(block.data());
        stream.avail_out = static_cast<uInt>(block.size());
        state = inflate(&stream, Z_NO_FLUSH);
        inflated.insert(inflated.end(), block.data(), block.data() + (block.size() - stream.avail_out));
    }
    inflateEnd(&stream);
    if (state != Z_STREAM_END || inflated.size() > bytes_max) return std::nullopt;
    return inflated;
}

std::optional<std::vector<std::byte>> png_icc_profile(ByteView payload) {
    // A name, its terminating NUL, the compression method, the stream.
    const std::size_t name_bytes = payload.text().substr(0, 80).find('\0');
    if (name_bytes == std::string_view::npos) return std::nullopt;
    return inflate_bounded(payload.from(name_bytes + 2), png_metadata_bytes_max);
}

std::vector<std::byte> without_png_metadata(std::span<const std::byte> file) {
    std::vector<std::byte> clean;
    clean.reserve(file.size());
    const auto append = [&clean](std::span<const std::byte> bytes) {
        clean.insert(clean.end(), bytes.begin(), bytes.end());
    };
    append(file.first(std::min<std::size_t>(file.size(), 8)));
    PngChunks chunks{ByteView(file)};
    while (const auto chunk = chunks.next()) {
        if (is_wanted(*chunk)) append(chunk->whole.bytes());
        if (chunk->is("IEND")) break;
    }
    return clean;
}

}  // namespace safelight
