#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "imaging/container/container.h"
#include "imaging/container/exif.h"
#include "imaging/container/faults.h"
#include "imaging/container/jpeg_icc.h"
#include "imaging/container/jpeg_segments.h"

namespace safelight {
namespace {

using namespace std::string_view_literals;

constexpr auto exif_name = "Exif\0\0"sv;
constexpr auto icc_name = "ICC_PROFILE\0"sv;

/// Start of frame: 0xC0–0xCF without DHT, JPG and DAC.
constexpr bool is_frame(std::uint8_t marker) {
    return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

/// Baseline, extended and progressive; Huffman or arithmetic.
constexpr bool is_decodable_frame(std::uint8_t marker) {
    return marker <= 0xc2 || marker == 0xc9 || marker == 0xca;
}

Status read_frame(const JpegSegment& segment, ImageFacts& facts) {
    if (!is_decodable_frame(segment.marker)) return not_taken("JPEG", "lossless or hierarchical");
    const ByteView frame = segment.payload;
    const std::uint8_t components = frame.u8(5);
    if (!frame.holds(0, 6 + std::size_t{components} * 3)) return damaged("JPEG", "short frame header");
    if (frame.u8(0) != 8) return not_taken("JPEG", "not 8 bits a sample");
    facts.height_px = frame.u16be(1);
    facts.width_px = frame.u16be(3);
    if (facts.width_px == 0 || facts.height_px == 0) return damaged("JPEG", "a side of zero");
    switch (components) {
        case 1:
            facts.colour_space = ColourSpace::grey;
            break;
        case 3:
            facts.colour_space = ColourSpace::rgb;
            break;
        case 4:
            facts.colour_space = ColourSpace::cmyk;
            break;
        default:
            return not_taken("JPEG", "component count");
    }
    return {};
}

void read_exif(const JpegSegment& segment, std::optional<Orientation>& orientation) {
    if (segment.marker != jpeg_marker::app1 || orientation || !segment.payload.has_text(0, exif_name)) return;
    orientation = orientation_of_exif(segment.payload.from(exif_name.size()));
}

}  // namespace

Result<ImageFacts> inspect_jpeg(ByteView file, const ImageLimits& limits) {
    ImageFacts facts{.format = Format::jpeg};
    std::optional<Orientation> orientation;
    bool has_frame = false;
    std::uint32_t scans = 0;
    JpegSegments segments(file);
    while (const auto segment = segments.next()) {
        // What comes after the end is none of our business: a second picture, a gain map, a video.
        if (segment->marker == jpeg_marker::end_of_image) break;
        if (is_frame(segment->marker)) {
            if (has_frame) return damaged("JPEG", "two frame headers");
            TRY(read_frame(*segment, facts));
            has_frame = true;
        } else if (segment->marker == jpeg_marker::start_of_scan) {
            if (!has_frame) return damaged("JPEG", "a scan before the frame header");
            if (++scans > limits.scans_max) {
                return failure(ErrorCode::too_many_scans,
                               fmt::format("The JPEG has more than {} scans.", limits.scans_max));
            }
        } else {
            read_exif(*segment, orientation);
        }
    }
    if (segments.is_broken()) return damaged("JPEG", "a segment goes past the end");
    if (!has_frame || scans == 0) return damaged("JPEG", "no frame or no scan");
    facts.orientation = orientation.value_or(Orientation::upright);
    if (swaps_sides(facts.orientation)) std::swap(facts.width_px, facts.height_px);
    return facts;
}

std::vector<std::byte> jpeg_icc_profile(std::span<const std::byte> file) {
    std::array<ByteView, 256> parts{};
    std::size_t expected = 0;
    JpegSegments segments{ByteView(file)};
    while (const auto segment = segments.next()) {
        if (segment->marker == jpeg_marker::start_of_scan || segment->marker == jpeg_marker::end_of_image)
            break;
        const ByteView payload = segment->payload;
        if (segment->marker != jpeg_marker::app2 || !payload.has_text(0, icc_name)) continue;
        // After the name: which part, counted from 1, of how many.
        expected = payload.u8(icc_name.size() + 1);
        parts[payload.u8(icc_name.size())] = payload.from(icc_name.size() + 2);
    }
    std::vector<std::byte> profile;
    for (std::size_t i = 1; i <= expected; ++i) {
        if (parts[i].size() == 0) return {};
        const auto bytes = parts[i].bytes();
        profile.insert(profile.end(), bytes.begin(), bytes.end());
    }
    return profile;
}

}  // namespace safelight
