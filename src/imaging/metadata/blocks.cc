#include "imaging/metadata/blocks.h"

#include "imaging/container/boxes.h"
#include "imaging/container/exif.h"
#include "imaging/container/isobmff_items.h"
#include "imaging/container/jpeg_segments.h"
#include "imaging/container/png_chunks.h"
#include "imaging/container/png_text.h"
#include "imaging/container/tiff_directory.h"
#include "imaging/container/webp_chunks.h"
#include "imaging/metadata/text.h"

namespace safelight {
namespace {

using namespace std::string_view_literals;

void keep_first(ByteView& kept, ByteView found) {
    if (kept.size() == 0) kept = found;
}

/// The IPTC record among Photoshop's resources: "8BIM", id, name (its length first, padded to even), size,
/// data (padded to even).
ByteView iptc_of_photoshop(ByteView resources) {
    constexpr std::uint16_t iptc_id = 0x0404;
    while (resources.has_text(0, "8BIM")) {
        const std::uint64_t name_bytes = (resources.u8(6) + 2U) / 2 * 2;
        const std::uint64_t data_at = 6 + name_bytes + 4;
        const std::uint64_t data_bytes = resources.u32be(6 + name_bytes);
        const auto data = resources.part(data_at, data_bytes);
        if (!data) return {};
        if (resources.u16be(4) == iptc_id) return *data;
        resources = resources.from(data_at + data_bytes + data_bytes % 2);
    }
    return {};
}

MetadataBlocks of_jpeg(ByteView file) {
    constexpr auto exif_name = "Exif\0\0"sv;
    constexpr auto xmp_name = "http://ns.adobe.com/xap/1.0/\0"sv;
    constexpr auto photoshop_name = "Photoshop 3.0\0"sv;
    MetadataBlocks blocks;
    JpegSegments segments(file);
    while (const auto segment = segments.next()) {
        const ByteView payload = segment->payload;
        if (segment->marker == jpeg_marker::start_of_scan || segment->marker == jpeg_marker::end_of_image)
            break;
        if (segment->marker == jpeg_marker::app1 && payload.has_text(0, exif_name))
            keep_first(blocks.exif, payload.from(exif_name.size()));
        if (segment->marker == jpeg_marker::app1 && payload.has_text(0, xmp_name))
            keep_first(blocks.xmp, payload.from(xmp_name.size()));
        if (segment->marker == jpeg_marker::app13 && payload.has_text(0, photoshop_name))
            keep_first(blocks.iptc, iptc_of_photoshop(payload.from(photoshop_name.size())));
    }
    return blocks;
}

class PngMetadata {
  public:
    MetadataBlocks read(ByteView file) {
        PngChunks chunks(file);
        while (const auto chunk = chunks.next()) {
            if (chunk->is("IEND")) break;
            if (chunk->is("eXIf")) keep_first(blocks_.exif, exif_of_block(chunk->payload));
            if (const auto text = png_text_of(*chunk)) read_text(*text);
        }
        keep_first(blocks_.exif, exif_in_text_);
        return std::move(blocks_);
    }

  private:
    void read_text(const PngText& text) {
        const auto is_new = [](const auto& kept) { return kept.size() == 0; };
        const bool is_iptc = !text.is_utf8 && text.keyword == "Raw profile type iptc";
        if (text.is_xmp() && is_new(blocks_.xmp)) blocks_.xmp = unpacked(text);
        if (text.is_exif_profile() && is_new(exif_in_text_)) exif_in_text_ = exif_of_block(profile(text));
        if (is_iptc && is_new(blocks_.iptc)) {
            // With Photoshop's resource around it, or without.
            const ByteView block = profile(text);
            blocks_.iptc = block.has_text(0, "8BIM") ? iptc_of_photoshop(block) : block;
        }
        if (text.keyword == "Author" && is_new(blocks_.author)) blocks_.author = text_of(unpacked(text));
        if (text.keyword == "Copyright" && is_new(blocks_.copyright))
            blocks_.copyright = text_of(unpacked(text));
    }

    ByteView unpacked(const PngText& text) {
        if (!text.is_deflated) return text.value;
        auto inflated = inflate_bounded(text.value, budget_);
        budget_ = inflated ? budget_ - inflated->size() : 0;
        return inflated ? keep(std::move(*inflated)) : ByteView();
    }

    ByteView profile(const PngText& text) { return keep(bytes_of_raw_profile(unpacked(text).text())); }

    ByteView keep(std::vector<std::byte> bytes) {
        blocks_.unpacked.push_back(std::move(bytes));
        return ByteView(blocks_.unpacked.back());
    }

    MetadataBlocks blocks_;
    ByteView exif_in_text_;
    std::size_t budget_ = png_metadata_bytes_max;
};

MetadataBlocks of_webp(ByteView file) {
    MetadataBlocks blocks;
    WebpChunks chunks(file);
    while (const auto chunk = chunks.next()) {
        if (chunk->is("EXIF")) keep_first(blocks.exif, exif_of_block(chunk->payload));
        if (chunk->is("XMP ")) keep_first(blocks.xmp, chunk->payload);
    }
    return blocks;
}

MetadataBlocks of_tiff(ByteView file) {
    constexpr std::uint16_t tag_xmp = 700;
    constexpr std::uint16_t tag_iptc = 33723;
    constexpr std::uint16_t tag_photoshop = 34377;
    const auto directory = TiffDirectory::first_of(file);
    if (!directory) return {};
    MetadataBlocks blocks{file, directory->field(tag_xmp).values, directory->field(tag_iptc).values};
    keep_first(blocks.iptc, iptc_of_photoshop(directory->field(tag_photoshop).values));
    return blocks;
}

/// An application extension whose data is the packet itself, not in sub-blocks.
MetadataBlocks of_gif(ByteView file) {
    constexpr auto extension = "\x21\xff\x0bXMP DataXMP"sv;
    constexpr std::size_t packet_bytes_max = 64 * 1024;
    const std::size_t found = file.text().find(extension);
    if (found == std::string_view::npos) return {};
    const ByteView rest = file.from(found + extension.size());
    const std::string_view text = rest.text().substr(0, packet_bytes_max);
    return {.exif = {}, .xmp = *rest.part(0, text.substr(0, text.find("<?xpacket end")).size()), .iptc = {}};
}

MetadataBlocks of_jxl(ByteView file) {
    if (!file.has_text(4, "JXL ")) return {};
    MetadataBlocks blocks;
    Boxes boxes(file);
    while (const auto box = boxes.next()) {
        if (box->is("Exif")) keep_first(blocks.exif, exif_of_item(box->payload));
        if (box->is("xml ")) keep_first(blocks.xmp, box->payload);
    }
    return blocks;
}

}  // namespace

MetadataBlocks find_metadata(std::span<const std::byte> file, Format format) {
    const ByteView view(file);
    switch (format) {
        case Format::jpeg:
            return of_jpeg(view);
        case Format::png:
            return PngMetadata().read(view);
        case Format::webp:
            return of_webp(view);
        case Format::tiff:
            return of_tiff(view);
        case Format::gif:
            return of_gif(view);
        case Format::avif:
        case Format::heic:
            return {exif_of_item(find_item(view, "Exif")), find_item(view, "mime"), {}};
        case Format::jxl:
            return of_jxl(view);
        case Format::bmp:
        case Format::svg:
            return {};
    }
    return {};
}

}  // namespace safelight
