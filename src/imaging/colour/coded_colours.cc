#include "imaging/colour/coded_colours.h"

#include "imaging/container/boxes.h"
#include "imaging/container/png_chunks.h"

namespace safelight {
namespace {

constexpr std::uint32_t display_p3_primaries_code = 12;
constexpr std::uint32_t srgb_curve_code = 13;

bool is_coded_in_png(ByteView file) {
    PngChunks chunks(file);
    while (const auto chunk = chunks.next()) {
        if (chunk->is("IDAT")) return false;
        if (chunk->is("cICP"))
            return chunk->payload.u8(0) == display_p3_primaries_code &&
                   chunk->payload.u8(1) == srgb_curve_code;
    }
    return false;
}

bool is_coded_in_boxes(ByteView file) {
    constexpr std::uint64_t full_box_bytes = 4;  // version and flags
    const auto meta = find_box(file, "meta");
    const auto properties = meta ? find_box(meta->payload.from(full_box_bytes), "iprp") : std::nullopt;
    const auto container = properties ? find_box(properties->payload, "ipco") : std::nullopt;
    if (!container) return false;
    Boxes boxes(container->payload);
    while (const auto box = boxes.next()) {
        if (!box->is("colr") || !box->payload.has_text(0, "nclx")) continue;
        return box->payload.u16be(4) == display_p3_primaries_code && box->payload.u16be(6) == srgb_curve_code;
    }
    return false;
}

}  // namespace

bool is_coded_display_p3(std::span<const std::byte> file, Format format) {
    if (format == Format::png) return is_coded_in_png(ByteView(file));
    const bool has_boxes = format == Format::avif || format == Format::heic;
    return has_boxes && is_coded_in_boxes(ByteView(file));
}

}  // namespace safelight
