#include "imaging/metadata/test_secrets.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <initializer_list>

#include "base/text.h"
#include "imaging/container/byte_writer.h"
#include "imaging/container/webp_chunks.h"
#include "imaging/metadata/attach.h"
#include "imaging/metadata/attach_avif.h"
#include "imaging/metadata/exif_tags.h"
#include "imaging/metadata/tiff_writer.h"
#include "imaging/test_animations.h"
#include "imaging/vips/library.h"

namespace safelight::test {
namespace {

using namespace std::string_view_literals;

TiffEntry undefined_entry(std::uint16_t tag, std::string_view text) {
    return bytes_entry(tag, TiffType::undefined, std::as_bytes(std::span(text)));
}

TiffEntry numbers_entry(std::uint16_t tag, TiffType type, std::initializer_list<std::uint32_t> numbers) {
    TiffEntry entry{tag, static_cast<std::uint16_t>(type), 0, {}};
    const bool is_rational = type == TiffType::rational || type == TiffType::srational;
    entry.count = static_cast<std::uint32_t>(numbers.size() / (is_rational ? 2 : 1));
    for (const std::uint32_t number : numbers)
        append_little(entry.value, number, type == TiffType::u16 ? 2 : 4);
    return entry;
}

std::uint32_t append_gps(ByteBuffer& out) {
    return append_directory(
        out, std::vector{numbers_entry(0x0000, TiffType::byte, {}), text_entry(1, "N"),
                         numbers_entry(2, TiffType::rational, {47, 1, 30, 1, 0, 1}), text_entry(3, "W"),
                         numbers_entry(4, TiffType::rational, {8, 1, 15, 1, 0, 1}),
                         text_entry(0x12, "SECRETdatum"), undefined_entry(0x1b, "ASCII\0\0\0SECRETmethod"sv),
                         undefined_entry(0x1c, "ASCII\0\0\0SECRETarea"sv), text_entry(0x1d, "2024:05:31")});
}

std::uint32_t append_details(ByteBuffer& out) {
    return append_directory(
        out, std::vector{numbers_entry(0x829a, TiffType::rational, {1, 250}),
                         numbers_entry(0x8827, TiffType::u16, {100}), undefined_entry(0x9000, "0230"),
                         text_entry(0x9003, "2024:05:31 12:00:00"), text_entry(0x9011, "+02:00"),
                         numbers_entry(0x920a, TiffType::rational, {50, 1}),
                         undefined_entry(0x927c, "SECRETmakernote"),
                         undefined_entry(0x9286, "ASCII\0\0\0SECRETcomment"sv),
                         text_entry(0xa420, "SECRETuniqueid"), text_entry(0xa430, "SECRETowner"),
                         text_entry(0xa431, "SECRETbodyserial"), text_entry(0xa434, lens_model),
                         text_entry(0xa435, "SECRETlensserial")});
}

std::vector<TiffEntry> first_entries(std::uint32_t details, std::uint32_t gps) {
    return {text_entry(0x010e, "SECRETdescription"),
            text_entry(0x010f, "Maker"),
            text_entry(0x0110, camera_model),
            numbers_entry(0x0112, TiffType::u16, {6}),
            text_entry(0x0131, "SECRETsoftware"),
            text_entry(0x013b, artist),
            text_entry(0x013c, "SECRETcomputer"),
            text_entry(0x8298, copyright),
            u32_entry(0x8769, details),
            u32_entry(0x8825, gps),
            undefined_entry(0x9c9c, "SECRETxpcomment"),
            text_entry(0xc62f, "SECRETcameraserial")};
}

Bytes extended_webp(const Bytes& webp) {
    const auto chunk = [](std::string_view type, std::span<const std::byte> payload) {
        Bytes out = bytes_of(type);
        append_little(out, payload.size(), 4);
        append(out, payload);
        if (payload.size() % 2 != 0) out.push_back(std::byte{0});
        return out;
    };
    const Bytes tagged = attach(webp, Format::webp, {.exif = secret_exif()}).value();
    Bytes out = tagged;
    out[20] |= std::byte{0x04};  // there is XMP
    append(out, chunk("XMP ", secret_xmp()));
    append(out, chunk("JUNK", bytes_of("SECRETchunk")));
    put_little(out, 4, out.size() - 8, 4);
    return out;
}

Bytes secret_jpeg() {
    Bytes jpeg = sample_file(Format::jpeg, 64, 48);
    jpeg = with_jpeg_segment(jpeg, 0xfe, "", bytes_of("SECRETcom"));
    jpeg = with_jpeg_segment(jpeg, 0xef, "", bytes_of("SECRETapp15"));
    jpeg = with_jpeg_segment(jpeg, 0xed, "Photoshop 3.0\0"sv, photoshop_resources(secret_iptc()));
    jpeg = with_jpeg_segment(jpeg, 0xe2, "MPF\0"sv, bytes_of("SECRETmpf"));
    jpeg =
        with_jpeg_segment(jpeg, 0xe1, "http://ns.adobe.com/xmp/extension/\0"sv, bytes_of("SECRETextended"));
    jpeg = with_jpeg_segment(jpeg, 0xe1, "http://ns.adobe.com/xap/1.0/\0"sv, secret_xmp());
    jpeg = with_jpeg_segment(jpeg, 0xe1, "Exif\0\0"sv, secret_exif());
    append(jpeg, "SECRETtrailer"sv);
    return jpeg;
}

Bytes raw_profile(std::string_view name, std::span<const std::byte> block) {
    return bytes_of(fmt::format("\n{}\n{:8}\n{}\n", name, block.size(), hex_encode(block)));
}

Bytes joined(std::string_view head, std::span<const std::byte> tail) {
    Bytes out = bytes_of(head);
    append(out, tail);
    return out;
}

Bytes secret_png() {
    Bytes png = sample_file(Format::png, 64, 48);
    png = with_png_chunk(png, "eXIf", secret_exif());
    png = with_png_chunk(png, "tEXt", bytes_of("Comment\0SECRETtext"sv));
    png = with_png_chunk(png, "tEXt", bytes_of("Author\0SECRETauthor"sv));
    png = with_png_chunk(png, "zTXt", joined("Description\0\0"sv, deflated(bytes_of("SECRETdeflated"))));
    png = with_png_chunk(png, "zTXt",
                         joined("Raw profile type iptc\0\0"sv,
                                deflated(raw_profile("iptc", photoshop_resources(secret_iptc())))));
    png =
        with_png_chunk(png, "tEXt", joined("Raw profile type exif\0"sv, raw_profile("exif", secret_exif())));
    png = with_png_chunk(png, "iTXt", joined("Title\0\1\0en\0\0"sv, deflated(bytes_of("SECRETtitle"))));
    png = with_png_chunk(png, "iTXt", joined("XML:com.adobe.xmp\0\0\0\0\0"sv, secret_xmp()));
    append(png, "SECRETtrailer"sv);
    return png;
}

/// The codestream in its container, with boxes of metadata.
Bytes secret_jxl() {
    const Bytes plain = sample_file(Format::jxl, 64, 48);
    if (plain.empty()) return {};
    Bytes file = attach(plain, Format::jxl, {.exif = secret_exif(), .icc = {}}).value();
    const Bytes xmp = secret_xmp();
    append_big(file, 8 + xmp.size(), 4);
    append(file, "xml "sv);
    append(file, xmp);
    append(file, "\0\0\0\x12uuidSECRETuuid"sv);
    return file;
}

/// The format has no place for anything.
Bytes secret_bmp() {
    Bytes bmp = sample_file(Format::bmp, 64, 48);
    append(bmp, "SECRETtrailer"sv);
    return bmp;
}

Bytes secret_gif(Bytes gif) {
    const std::size_t table_bytes = 3U << ((std::to_integer<unsigned>(gif[10]) & 7) + 1);
    Bytes extensions = bytes_of("\x21\xfe\x0dSECRETcomment\0"sv);
    append(extensions, "\x21\xff\x0bXMP DataXMP"sv);
    append(extensions, secret_xmp());
    extensions.push_back(std::byte{1});  // the trailer that leads any reader of sub-blocks to the end
    for (int i = 255; i >= 0; --i) extensions.push_back(static_cast<std::byte>(i));
    extensions.push_back(std::byte{0});
    gif.insert(gif.begin() + 13 + static_cast<std::ptrdiff_t>(table_bytes), extensions.begin(),
               extensions.end());
    return gif;
}

Bytes secret_tiff() {
    const Bytes plain = sample_file(Format::tiff, 64, 48);
    const auto directory = TiffDirectory::first_of(ByteView(plain));
    Bytes tiff = plain;
    std::vector<TiffEntry> entries = first_entries(append_details(tiff), append_gps(tiff));
    std::erase_if(entries, [](const TiffEntry& entry) { return entry.tag == 0x0112; });
    entries.push_back(bytes_entry(700, TiffType::byte, secret_xmp()));
    entries.push_back(bytes_entry(33723, TiffType::undefined, secret_iptc()));
    entries.push_back(bytes_entry(34377, TiffType::byte, photoshop_resources(secret_iptc())));
    for (std::uint16_t i = 0; i < directory->size(); ++i) {
        const TiffField field = directory->entry(i);
        const auto values = field.values.bytes();
        if (field.tag != 0x0112)
            entries.push_back({field.tag, field.type, field.count, Bytes(values.begin(), values.end())});
    }
    std::ranges::sort(entries, {}, &TiffEntry::tag);
    const std::uint32_t at = append_directory(tiff, entries);
    put_little(tiff, 4, at, 4);
    return tiff;
}

/// libvips writes the XMP, and EXIF of its own, which is put out of sight. Empty when there is no encoder.
Bytes heif_with_xmp(Format format) {
    Pixels pixels = sample_pixels(64, 48, 3);
    VipsImage* view = vips_image_new_from_memory(pixels.samples.data(), pixels.samples.size(), 64, 48, 3,
                                                 VIPS_FORMAT_UCHAR);
    const VipsPicture picture(view);
    const Bytes xmp = secret_xmp();
    vips_image_set_blob_copy(view, VIPS_META_XMP_NAME, xmp.data(), xmp.size());
    const auto compression =
        format == Format::avif ? VIPS_FOREIGN_HEIF_COMPRESSION_AV1 : VIPS_FOREIGN_HEIF_COMPRESSION_HEVC;
    void* data = nullptr;
    std::size_t size = 0;
    if (vips_heifsave_buffer(view, &data, &size, "compression", compression, "effort", 0, nullptr) != 0) {
        vips_error_clear();
        return {};
    }
    const auto* begin = static_cast<const std::byte*>(data);
    Bytes bytes(begin, begin + size);
    g_free(data);
    const Bytes type = bytes_of("Exif"sv);
    const auto entry = std::ranges::search(bytes, type);
    if (!entry.empty()) std::ranges::copy(bytes_of("none"sv), entry.begin());
    return bytes;
}

Bytes secret_heif(Format format) {
    const Bytes plain = heif_with_xmp(format);
    if (plain.empty()) return {};
    Bytes file = attach_to_avif(plain, {.exif = secret_exif()}).value_or(Bytes{});
    append(file, "\0\0\0\x12uuidSECRETuuid"sv);
    return file;
}

}  // namespace

Bytes secret_exif() {
    Bytes exif = bytes_of("II*\0\x08\0\0\0"sv);
    const std::vector<TiffEntry> empty = first_entries(0, 0);
    const std::uint32_t first = append_directory(exif, empty);
    set_u32_entry(exif, first, 8, append_details(exif));
    set_u32_entry(exif, first, 9, append_gps(exif));
    const Bytes thumbnail = bytes_of("\xff\xd8SECRETthumbnail\xff\xd9");
    const auto thumbnail_at = static_cast<std::uint32_t>(exif.size());
    append(exif, thumbnail);
    const std::uint32_t second = append_directory(
        exif, std::vector{numbers_entry(0x0103, TiffType::u16, {6}), u32_entry(0x0201, thumbnail_at),
                          u32_entry(0x0202, static_cast<std::uint32_t>(thumbnail.size()))});
    put_little(exif, first + 2 + empty.size() * 12, second, 4);
    return exif;
}

Bytes secret_xmp() {
    return bytes_of(fmt::format(
        R"(<?xpacket begin="" id="x"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF>)"
        R"(<rdf:Description photoshop:Credit="{}" exif:GPSLatitude="47,30N" aux:SerialNumber="SECRETserial">)"
        R"(<dc:creator><rdf:Seq><rdf:li>{}</rdf:li></rdf:Seq></dc:creator>)"
        R"(<dc:rights><rdf:Alt><rdf:li xml:lang="x-default">{}</rdf:li></rdf:Alt></dc:rights>)"
        R"(<xmp:Thumbnails>SECRETthumbnail</xmp:Thumbnails></rdf:Description></rdf:RDF></x:xmpmeta>)"
        R"(<?xpacket end="w"?>)",
        credit, artist, copyright));
}

Bytes secret_iptc() {
    Bytes iptc;
    const auto add = [&iptc](unsigned data_set, std::string_view text) {
        append(iptc, "\x1c\2"sv);
        append_big(iptc, data_set, 1);
        append_big(iptc, text.size(), 2);
        append(iptc, text);
    };
    add(5, "SECRETname");
    add(80, artist);
    add(90, "SECRETcity");
    add(110, credit);
    add(116, copyright);
    return iptc;
}

Bytes photoshop_resources(std::span<const std::byte> iptc) {
    Bytes out;
    const auto add = [&out](unsigned id, std::span<const std::byte> data) {
        append(out, "8BIM"sv);
        append_big(out, id, 2);
        append_big(out, 0, 2);  // no name
        append_big(out, data.size(), 4);
        append(out, data);
        if (data.size() % 2 != 0) out.push_back(std::byte{0});
    };
    add(0x040c, bytes_of("SECRETthumb"));
    add(0x0404, iptc);
    return out;
}

Bytes with_jpeg_segment(const Bytes& jpeg, std::uint8_t marker, std::string_view name,
                        std::span<const std::byte> payload) {
    Bytes segment;
    append_big(segment, 0xff00U | marker, 2);
    append_big(segment, 2 + name.size() + payload.size(), 2);
    append(segment, name);
    append(segment, payload);
    Bytes out = jpeg;
    out.insert(out.begin() + 2, segment.begin(), segment.end());
    return out;
}

Bytes with_png_chunk(const Bytes& png, std::string_view type, std::span<const std::byte> payload) {
    const Bytes chunk = png_chunk(type, payload);
    Bytes out = png;
    out.insert(out.begin() + 33, chunk.begin(), chunk.end());
    return out;
}

Bytes secret_animation() {
    constexpr std::array frames{GifFrame{.colour = 0}, GifFrame{.colour = 1}, GifFrame{.colour = 2}};
    return secret_gif(animated_gif(64, 48, frames));
}

Bytes file_with_secrets(Format format) {
    switch (format) {
        case Format::jpeg:
            return secret_jpeg();
        case Format::png:
            return secret_png();
        case Format::webp:
            return extended_webp(without_webp_metadata(sample_file(Format::webp, 64, 48)));
        case Format::gif:
            return secret_gif(sample_file(Format::gif, 64, 48));
        case Format::tiff:
            return secret_tiff();
        case Format::avif:
        case Format::heic:
            return secret_heif(format);
        case Format::jxl:
            return secret_jxl();
        case Format::bmp:
            return secret_bmp();
        case Format::svg:  // a text, which is drawn: nothing of it comes out
            break;
    }
    return {};
}

}  // namespace safelight::test
