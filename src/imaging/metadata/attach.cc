#include "imaging/metadata/attach.h"

#include <zlib.h>

#include <algorithm>
#include <optional>

#include "imaging/container/container.h"
#include "imaging/container/jpeg_segments.h"
#include "imaging/container/png_chunks.h"
#include "imaging/container/tiff_directory.h"
#include "imaging/container/webp_chunks.h"
#include "imaging/metadata/attach_avif.h"
#include "imaging/metadata/exif_tags.h"
#include "imaging/metadata/tiff_writer.h"

namespace safelight {
namespace {

using namespace std::string_view_literals;
using Attached = std::optional<ByteBuffer>;  // nothing: not a file that an encoder of ours writes

/// `file` with `piece` before the byte at `at`.
ByteBuffer inserted(std::span<const std::byte> file, std::size_t at, const ByteBuffer& piece) {
    ByteBuffer out;
    out.reserve(file.size() + piece.size());
    append(out, file.first(at));
    append(out, piece);
    append(out, file.subspan(at));
    return out;
}

void append_segment(ByteBuffer& out, std::uint8_t marker, std::string_view name,
                    std::span<const std::byte> payload) {
    append_big(out, 0xff00U | marker, 2);
    append_big(out, 2 + name.size() + payload.size(), 2);
    append(out, name);
    append(out, payload);
}

/// Behind JFIF's segment, which must be the first.
Attached attach_to_jpeg(ByteView file, const Attachments& attachments) {
    const std::size_t behind_jfif = 4 + std::size_t{file.u16be(4)};
    if (!file.has_text(0, "\xff\xd8\xff\xe0") || !file.holds(0, behind_jfif)) return std::nullopt;
    ByteBuffer segments;
    if (!attachments.exif.empty())
        append_segment(segments, jpeg_marker::app1, "Exif\0\0"sv, attachments.exif);
    if (!attachments.icc.empty())
        append_segment(segments, jpeg_marker::app2, "ICC_PROFILE\0\1\1"sv, attachments.icc);
    return inserted(file.bytes(), behind_jfif, segments);
}

void append_chunk(ByteBuffer& out, std::string_view type, std::span<const std::byte> payload) {
    append_big(out, payload.size(), 4);
    const std::size_t begin = out.size();
    append(out, type);
    append(out, payload);
    const auto* covered = reinterpret_cast<const Bytef*>(out.data() + begin);
    append_big(out, crc32_z(0, covered, out.size() - begin), 4);
}

ByteBuffer deflated(std::span<const std::byte> bytes) {
    uLongf size = compressBound(bytes.size());
    ByteBuffer out(size);
    const int state =
        compress2(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(bytes.data()),
                  bytes.size(), Z_BEST_COMPRESSION);
    out.resize(state == Z_OK ? size : 0);
    return out;
}

/// Behind the header: both must come before the pixels, the profile also before the palette.
Attached attach_to_png(ByteView file, const Attachments& attachments) {
    PngChunks chunks(file);
    const auto header = chunks.next();
    if (!header || !header->is("IHDR")) return std::nullopt;
    ByteBuffer more;
    if (!attachments.icc.empty()) {
        ByteBuffer profile;
        append(profile, "ICC profile\0\0"sv);  // its name, and the method: deflate
        append(profile, deflated(attachments.icc));
        append_chunk(more, "iCCP", profile);
    }
    if (!attachments.exif.empty()) append_chunk(more, "eXIf", attachments.exif);
    return inserted(file.bytes(), 8 + header->whole.size(), more);
}

void append_webp_chunk(ByteBuffer& out, std::string_view type, std::span<const std::byte> payload) {
    append(out, type);
    append_little(out, payload.size(), 4);
    append(out, payload);
    if (payload.size() % 2 != 0) out.push_back(std::byte{0});
}

/// The extended header, with its flags; made where there is none.
Attached webp_header(ByteView file, std::uint8_t more_flags) {
    constexpr std::uint8_t flag_alpha = 0x10;
    const auto first = WebpChunks(file).next();
    if (!first) return std::nullopt;
    ByteBuffer payload;
    if (first->is("VP8X") && first->payload.holds(0, 10)) {
        append(payload, first->payload.bytes());
        payload[0] |= std::byte{more_flags};
        return payload;
    }
    const auto facts = inspect_webp(file);
    if (!facts) return std::nullopt;
    const std::uint8_t alpha = facts->has_alpha ? flag_alpha : 0;
    append_little(payload, std::uint32_t{more_flags} | alpha, 4);
    append_little(payload, facts->width_px - 1, 3);
    append_little(payload, facts->height_px - 1, 3);
    return payload;
}

/// In the order that the container wants: header, profile, pictures, EXIF.
Attached attach_to_webp(ByteView file, const Attachments& attachments) {
    constexpr std::uint8_t flag_icc = 0x20;
    constexpr std::uint8_t flag_exif = 0x08;
    const auto flags = static_cast<std::uint8_t>((attachments.icc.empty() ? 0 : flag_icc) |
                                                 (attachments.exif.empty() ? 0 : flag_exif));
    if (!is_webp(file)) return std::nullopt;
    const Attached header = webp_header(file, flags);
    if (!header) return std::nullopt;
    ByteBuffer out;
    append(out, file.bytes().first(12));
    append_webp_chunk(out, "VP8X", *header);
    if (!attachments.icc.empty()) append_webp_chunk(out, "ICCP", attachments.icc);
    WebpChunks chunks(file);
    while (const auto chunk = chunks.next()) {
        if (!chunk->is("VP8X"))
            append_webp_chunk(out, chunk->whole.text().substr(0, 4), chunk->payload.bytes());
    }
    if (chunks.is_broken()) return std::nullopt;
    if (!attachments.exif.empty()) append_webp_chunk(out, "EXIF", attachments.exif);
    put_little(out, 4, out.size() - 8, 4);
    return out;
}

/// An entry of a directory of ours: its values as they are. `structure` is little-endian.
TiffEntry copy_of(const TiffField& field) {
    const auto values = field.values.bytes();
    return {field.tag, field.type, field.count, ByteBuffer(values.begin(), values.end())};
}

std::vector<TiffEntry> copies_of(const TiffDirectory& directory) {
    std::vector<TiffEntry> entries;
    for (std::uint16_t i = 0; i < directory.size(); ++i) entries.push_back(copy_of(directory.entry(i)));
    return entries;
}

/// A further first directory, at the end: the entries of the old one, and those of EXIF, whose own structure
/// is the same.
Attached attach_to_tiff(ByteView file, const Attachments& attachments) {
    constexpr std::uint16_t tag_icc = 34675;
    const auto directory = TiffDirectory::first_of(file);
    if (!directory || !directory->is_whole() || !file.has_text(0, "II")) return std::nullopt;
    ByteBuffer out;
    append(out, file.bytes());
    std::vector<TiffEntry> entries = copies_of(*directory);
    if (!attachments.icc.empty())
        entries.push_back(bytes_entry(tag_icc, TiffType::undefined, attachments.icc));
    const ByteView exif(attachments.exif);
    if (const auto first = TiffDirectory::first_of(exif)) {
        for (TiffEntry& entry : copies_of(*first)) {
            if (entry.tag != exif_tag::exif_directory) entries.push_back(std::move(entry));
        }
        if (const auto second = first->directory(exif_tag::exif_directory)) {
            entries.push_back(u32_entry(exif_tag::exif_directory, append_directory(out, copies_of(*second))));
        }
    }
    std::ranges::sort(entries, {}, &TiffEntry::tag);
    put_little(out, 4, append_directory(out, entries), 4);
    return out;
}

void append_box(ByteBuffer& out, std::string_view type, std::span<const std::byte> payload) {
    append_big(out, 8 + payload.size(), 4);
    append(out, type);
    append(out, payload);
}

/// A codestream gets the container around it, ISO/IEC 18181-2; a profile would belong into the codestream.
Attached attach_to_jxl(ByteView file, const Attachments& attachments) {
    constexpr auto signature = "\0\0\0\x0cJXL \r\n\x87\n"sv;
    constexpr auto file_type = "jxl \0\0\0\0jxl "sv;
    if (!attachments.icc.empty()) return std::nullopt;
    ByteBuffer out;
    if (file.has_text(0, signature)) {
        append(out, file.bytes());
    } else if (file.has_text(0, "\xff\x0a")) {
        append(out, signature);
        append_box(out, "ftyp", std::as_bytes(std::span(file_type)));
        append_box(out, "jxlc", file.bytes());
    } else {
        return std::nullopt;
    }
    ByteBuffer exif(4);  // the structure begins right behind this
    append(exif, attachments.exif);
    append_box(out, "Exif", exif);
    return out;
}

Attached attach_to(ByteView file, Format format, const Attachments& attachments) {
    switch (format) {
        case Format::jpeg:
            return attach_to_jpeg(file, attachments);
        case Format::png:
            return attach_to_png(file, attachments);
        case Format::webp:
            return attach_to_webp(file, attachments);
        case Format::tiff:
            return attach_to_tiff(file, attachments);
        case Format::avif:
            return attach_to_avif(file.bytes(), attachments);
        case Format::jxl:
            return attach_to_jxl(file, attachments);
        case Format::gif:
        case Format::heic:
        case Format::bmp:
        case Format::svg:
            break;
    }
    return std::nullopt;
}

}  // namespace

Result<std::vector<std::byte>> attach(std::vector<std::byte> file, Format format,
                                      const Attachments& attachments) {
    constexpr std::size_t bytes_max = 60'000;  // one segment of a JPEG
    if (attachments.empty() || format == Format::gif) return file;
    Attached out;
    if (attachments.exif.size() <= bytes_max && attachments.icc.size() <= bytes_max)
        out = attach_to(ByteView(file), format, attachments);
    if (out) return std::move(*out);
    return failure(ErrorCode::renderer_failed, "The picture could not be encoded.",
                   "metadata cannot be put into it");
}

}  // namespace safelight
