#include <algorithm>

#include "imaging/container/container.h"
#include "imaging/container/exif.h"
#include "imaging/container/faults.h"

namespace safelight {
namespace {

constexpr std::size_t riff_header_bytes = 12;
constexpr std::size_t chunk_header_bytes = 8;
constexpr std::size_t frame_header_bytes = 16;  // of ANMF, before its own chunks

constexpr std::uint8_t flag_animation = 0x02;
constexpr std::uint8_t flag_alpha = 0x10;

struct Bitstream {
    std::uint32_t width_px = 0;
    std::uint32_t height_px = 0;
    bool has_alpha = false;
};

std::optional<Bitstream> read_lossy(ByteView data) {
    const bool is_key_frame = (data.u8(0) & 0x01) == 0;
    if (!is_key_frame || !data.has_text(3, "\x9d\x01\x2a") || !data.holds(0, 10)) return std::nullopt;
    return Bitstream{data.u16le(6) & 0x3fffU, data.u16le(8) & 0x3fffU, false};
}

std::optional<Bitstream> read_lossless(ByteView data) {
    if (data.u8(0) != 0x2f || !data.holds(0, 5)) return std::nullopt;
    const std::uint32_t bits = data.u32le(1);
    if (bits >> 29 != 0) return std::nullopt;  // a version to come
    return Bitstream{(bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1, (bits >> 28 & 1) != 0};
}

class WebpCheck {
  public:
    explicit WebpCheck(ByteView file) : file_(file) {}

    Result<ImageFacts> run() {
        const std::uint64_t riff_bytes = std::uint64_t{file_.u32le(4)} + 8;
        if (!file_.holds(0, riff_bytes) || riff_bytes < riff_header_bytes + chunk_header_bytes) {
            return damaged("WebP", "the RIFF size is not that of the file");
        }
        TRY(read_chunks(*file_.part(0, riff_bytes), riff_header_bytes, /*in_frame=*/false));
        if (is_extended_ && is_animation_) {
            if (frames_ == 0) return damaged("WebP", "an animation without frames");
            facts_.frames = frames_;
        } else if (!has_bitstream_) {
            return damaged("WebP", "no picture");
        }
        facts_.orientation = orientation_.value_or(Orientation::upright);
        if (swaps_sides(facts_.orientation)) std::swap(facts_.width_px, facts_.height_px);
        return facts_;
    }

  private:
    /// The chunks of the file, or of one frame of an animation.
    Status read_chunks(ByteView part, std::size_t at, bool in_frame) {
        while (part.holds(at, chunk_header_bytes)) {
            const std::uint32_t length = part.u32le(at + 4);
            const auto payload = part.part(at + chunk_header_bytes, length);
            if (!payload) return damaged("WebP", "a chunk goes past the end");
            TRY(read_chunk(part.from(at), *payload, in_frame, at == riff_header_bytes));
            at += chunk_header_bytes + length + length % 2;
        }
        return {};
    }

    Status read_chunk(ByteView chunk, ByteView payload, bool in_frame, bool is_first) {
        if (chunk.has_text(0, "VP8X") && !in_frame) return read_extended_header(payload, is_first);
        if (chunk.has_text(0, "VP8 ")) return read_bitstream(read_lossy(payload), in_frame);
        if (chunk.has_text(0, "VP8L")) return read_bitstream(read_lossless(payload), in_frame);
        if (chunk.has_text(0, "ANMF") && !in_frame) return read_frame(payload);
        if (chunk.has_text(0, "ALPH")) facts_.has_alpha = true;
        if (chunk.has_text(0, "EXIF") && !orientation_) orientation_ = orientation_of_exif_block(payload);
        return {};
    }

    Status read_extended_header(ByteView payload, bool is_first) {
        if (!is_first || !payload.holds(0, 10)) return damaged("WebP", "a bad VP8X chunk");
        is_extended_ = true;
        is_animation_ = (payload.u8(0) & flag_animation) != 0;
        facts_.has_alpha = (payload.u8(0) & flag_alpha) != 0;
        facts_.width_px = payload.u24le(4) + 1;
        facts_.height_px = payload.u24le(7) + 1;
        return {};
    }

    Status read_bitstream(const std::optional<Bitstream>& bitstream, bool in_frame) {
        if (!bitstream) return damaged("WebP", "a bad bitstream header");
        if (bitstream->has_alpha && !is_extended_) facts_.has_alpha = true;
        if (in_frame) {
            if (bitstream->width_px != frame_width_px_ || bitstream->height_px != frame_height_px_) {
                return damaged("WebP", "a frame has another size than its header says");
            }
            return {};
        }
        if (has_bitstream_) return {};  // only the first counts
        has_bitstream_ = true;
        if (!is_extended_) {
            facts_.width_px = bitstream->width_px;
            facts_.height_px = bitstream->height_px;
        } else if (!is_animation_ &&
                   (bitstream->width_px != facts_.width_px || bitstream->height_px != facts_.height_px)) {
            return damaged("WebP", "the canvas is not the size of its picture");
        }
        return {};
    }

    Status read_frame(ByteView payload) {
        if (!payload.holds(0, frame_header_bytes)) return damaged("WebP", "a short frame");
        const std::uint64_t left = std::uint64_t{payload.u24le(0)} * 2;
        const std::uint64_t top = std::uint64_t{payload.u24le(3)} * 2;
        frame_width_px_ = payload.u24le(6) + 1;
        frame_height_px_ = payload.u24le(9) + 1;
        if (left + frame_width_px_ > facts_.width_px || top + frame_height_px_ > facts_.height_px) {
            return damaged("WebP", "a frame outside the canvas");
        }
        ++frames_;
        return read_chunks(payload, frame_header_bytes, /*in_frame=*/true);
    }

    ByteView file_;
    ImageFacts facts_{.format = Format::webp};
    std::optional<Orientation> orientation_;
    bool is_extended_ = false;
    bool is_animation_ = false;
    bool has_bitstream_ = false;
    std::uint32_t frames_ = 0;
    std::uint32_t frame_width_px_ = 0;
    std::uint32_t frame_height_px_ = 0;
};

}  // namespace

Result<ImageFacts> inspect_webp(ByteView file) {
    return WebpCheck(file).run();
}

}  // namespace safelight
