#include "imaging/colour/coded_colours.h"

#include "imaging/container/boxes.h"
#include "imaging/container/png_chunks.h"

namespace safelight {
namespace {

std::optional<Gamut> gamut_of(std::uint32_t primaries, std::uint32_t curve) {
    constexpr std::uint32_t srgb_primaries = 1;
    constexpr std::uint32_t display_p3_primaries = 12;
    constexpr std::uint32_t srgb_curve = 13;
    if (curve != srgb_curve) return std::nullopt;
    if (primaries == srgb_primaries) return Gamut::srgb;
    return primaries == display_p3_primaries ? std::optional(Gamut::display_p3) : std::nullopt;
}

std::optional<Gamut> coded_in_png(ByteView file) {
    PngChunks chunks(file);
    while (const auto chunk = chunks.next()) {
        if (chunk->is("IDAT")) return std::nullopt;
        if (chunk->is("cICP") && chunk->checksum_holds())
            return gamut_of(chunk->payload.u8(0), chunk->payload.u8(1));
    }
    return std::nullopt;
}

std::optional<Gamut> coded_in_boxes(ByteView file) {
    constexpr std::uint64_t full_box_bytes = 4;  // version and flags
    const auto meta = find_box(file, "meta");
    const auto properties = meta ? find_box(meta->payload.from(full_box_bytes), "iprp") : std::nullopt;
    const auto container = properties ? find_box(properties->payload, "ipco") : std::nullopt;
    if (!container) return std::nullopt;
    Boxes boxes(container->payload);
    while (const auto box = boxes.next()) {
        if (box->is("colr") && box->payload.has_text(0, "nclx"))
            return gamut_of(box->payload.u16be(4), box->payload.u16be(6));
    }
    return std::nullopt;
}

}  // namespace

std::optional<Gamut> coded_gamut(std::span<const std::byte> file, Format format) {
    if (format == Format::png) return coded_in_png(ByteView(file));
    const bool has_boxes = format == Format::avif || format == Format::heic;
    return has_boxes ? coded_in_boxes(ByteView(file)) : std::nullopt;
}

}  // namespace safelight
