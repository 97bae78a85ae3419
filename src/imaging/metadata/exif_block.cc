#include "imaging/metadata/exif_block.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "imaging/metadata/credits.h"
#include "imaging/metadata/exif_tags.h"
#include "imaging/metadata/text.h"
#include "imaging/metadata/tiff_writer.h"

namespace safelight {
namespace {

constexpr std::size_t details_text_bytes_max = 200;

enum class Kind { text, shape, number, rational };

struct Wanted {
    std::uint16_t tag = 0;
    Kind kind = Kind::text;
    std::uint32_t count = 1;      // of values, for numbers
    std::string_view shape = {};  // '0' stands for a digit
};

constexpr std::string_view time_shape = "0000:00:00 00:00:00";
constexpr std::string_view zone_shape = "+00:00";

constexpr std::array from_first_directory{Wanted{exif_tag::make}, Wanted{exif_tag::model},
                                          Wanted{exif_tag::date_time, Kind::shape, 1, time_shape}};

/// Ascending.
constexpr std::array from_exif_directory{
    Wanted{0x829a, Kind::rational},                                      // ExposureTime
    Wanted{0x829d, Kind::rational},                                      // FNumber
    Wanted{0x8822, Kind::number},                                        // ExposureProgram
    Wanted{0x8827, Kind::number},                                        // PhotographicSensitivity
    Wanted{0x8830, Kind::number},                                        // SensitivityType
    Wanted{exif_tag::date_time_original, Kind::shape, 1, time_shape},    //
    Wanted{0x9004, Kind::shape, 1, time_shape},                          // DateTimeDigitized
    Wanted{0x9010, Kind::shape, 1, zone_shape},                          // OffsetTime
    Wanted{exif_tag::offset_time_original, Kind::shape, 1, zone_shape},  //
    Wanted{0x9012, Kind::shape, 1, zone_shape},                          // OffsetTimeDigitized
    Wanted{0x9201, Kind::rational},                                      // ShutterSpeedValue
    Wanted{0x9202, Kind::rational},                                      // ApertureValue
    Wanted{0x9203, Kind::rational},                                      // BrightnessValue
    Wanted{0x9204, Kind::rational},                                      // ExposureBiasValue
    Wanted{0x9205, Kind::rational},                                      // MaxApertureValue
    Wanted{0x9206, Kind::rational},                                      // SubjectDistance
    Wanted{0x9207, Kind::number},                                        // MeteringMode
    Wanted{0x9208, Kind::number},                                        // LightSource
    Wanted{0x9209, Kind::number},                                        // Flash
    Wanted{0x920a, Kind::rational},                                      // FocalLength
    Wanted{0xa402, Kind::number},                                        // ExposureMode
    Wanted{0xa403, Kind::number},                                        // WhiteBalance
    Wanted{0xa404, Kind::rational},                                      // DigitalZoomRatio
    Wanted{0xa405, Kind::number},                                        // FocalLengthIn35mmFilm
    Wanted{0xa406, Kind::number},                                        // SceneCaptureType
    Wanted{0xa432, Kind::rational, 4},                                   // LensSpecification
    Wanted{0xa433},                                                      // LensMake
    Wanted{0xa434},                                                      // LensModel
};

/// The same but for the sign of a zone.
bool has_shape(std::string_view text, std::string_view shape) {
    if (text.size() != shape.size()) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool is_digit = text[i] >= '0' && text[i] <= '9';
        const bool fits =
            shape[i] == '0' ? is_digit : text[i] == shape[i] || (shape[i] == '+' && text[i] == '-');
        if (!fits) return false;
    }
    return true;
}

TiffEntry numbers(const Wanted& wanted, const TiffField& field) {
    TiffEntry entry{wanted.tag, field.type, wanted.count, {}};
    for (std::uint32_t i = 0; i < wanted.count; ++i)
        append_little(entry.value, field.number(i), bytes_of_type(field.type));
    return entry;
}

TiffEntry rationals(const Wanted& wanted, const TiffField& field) {
    TiffEntry entry{wanted.tag, field.type, wanted.count, {}};
    for (std::uint32_t i = 0; i < wanted.count; ++i) {
        append_little(entry.value, field.rational(i).numerator, 4);
        append_little(entry.value, field.rational(i).denominator, 4);
    }
    return entry;
}

std::optional<TiffEntry> entry_of(const Wanted& wanted, const TiffField& field) {
    if (field.count < wanted.count) return std::nullopt;
    switch (wanted.kind) {
        case Kind::text:
        case Kind::shape: {
            const std::string text = text_of(field, details_text_bytes_max);
            if (text.empty() || (wanted.kind == Kind::shape && !has_shape(text, wanted.shape)))
                return std::nullopt;
            return text_entry(wanted.tag, text);
        }
        case Kind::number:
            if (!field.is(TiffType::u16) && !field.is(TiffType::u32)) return std::nullopt;
            return numbers(wanted, field);
        case Kind::rational:
            if (!field.is(TiffType::rational) && !field.is(TiffType::srational)) return std::nullopt;
            return rationals(wanted, field);
    }
    return std::nullopt;
}

void take(std::vector<TiffEntry>& entries, std::span<const Wanted> wanted, const TiffDirectory& directory) {
    for (const Wanted& each : wanted) {
        if (auto entry = entry_of(each, directory.field(each.tag))) entries.push_back(std::move(*entry));
    }
}

/// With the version of EXIF that it follows, when there is anything at all.
std::vector<TiffEntry> details(const TiffDirectory& exif) {
    constexpr std::string_view version = "0232";
    std::vector<TiffEntry> entries;
    take(entries, from_exif_directory, exif);
    if (entries.empty()) return entries;
    const auto after = std::ranges::find_if(
        entries, [](const TiffEntry& entry) { return entry.tag > exif_tag::exif_version; });
    entries.insert(
        after, bytes_entry(exif_tag::exif_version, TiffType::undefined, std::as_bytes(std::span(version))));
    return entries;
}

ByteBuffer structure_of(std::vector<TiffEntry> first, const std::vector<TiffEntry>& second) {
    if (first.empty() && second.empty()) return {};
    constexpr std::uint32_t header_bytes = 8;
    ByteBuffer structure;
    append(structure, std::string_view("II*\0", 4));
    append_little(structure, header_bytes, 4);
    if (!second.empty()) first.push_back(u32_entry(exif_tag::exif_directory, 0));
    const std::uint32_t at = append_directory(structure, first);
    if (!second.empty()) set_u32_entry(structure, at, first.size() - 1, append_directory(structure, second));
    return structure;
}

}  // namespace

std::vector<std::byte> exif_block(std::span<const std::byte> file, Format format, Metadata policy) {
    if (policy == Metadata::none) return {};
    const MetadataBlocks blocks = find_metadata(file, format);
    std::vector<TiffEntry> first;
    std::vector<TiffEntry> second;
    const auto directory = TiffDirectory::first_of(blocks.exif);
    if (policy == Metadata::all_but_location && directory) {
        take(first, from_first_directory, *directory);
        if (const auto exif = directory->directory(exif_tag::exif_directory)) second = details(*exif);
    }
    const Credits credits = read_credits(blocks);
    if (!credits.artist.empty()) first.push_back(text_entry(exif_tag::artist, credits.artist));
    if (!credits.copyright.empty()) first.push_back(text_entry(exif_tag::copyright, credits.copyright));
    return structure_of(std::move(first), second);
}

}  // namespace safelight
