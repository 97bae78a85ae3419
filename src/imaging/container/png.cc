#include <algorithm>

#include "imaging/container/container.h"
#include "imaging/container/exif.h"
#include "imaging/container/faults.h"
#include "imaging/container/png_chunks.h"
#include "imaging/container/png_text.h"

namespace safelight {
namespace {

using namespace std::string_view_literals;

constexpr std::uint64_t deflate_ratio_max = 1032;  // no deflate stream gives more bytes for one

constexpr std::uint8_t colour_palette = 3;

struct Kind {
    std::uint32_t samples = 0;
    bool legal = false;
};

Kind kind_of(std::uint8_t colour_type, std::uint8_t depth) {
    const bool byte_depth = depth == 8 || depth == 16;
    const bool low_depth = depth == 1 || depth == 2 || depth == 4;
    switch (colour_type) {
        case 0:
            return {1, byte_depth || low_depth};
        case 2:
            return {3, byte_depth};
        case colour_palette:
            return {1, depth == 8 || low_depth};
        case 4:
            return {2, byte_depth};
        case 6:
            return {4, byte_depth};
        default:
            return {};
    }
}

class PngCheck {
  public:
    explicit PngCheck(ByteView file) : file_(file) {}

    Result<ImageFacts> run() {
        PngChunks chunks(file_);
        while (const auto chunk = chunks.next()) {
            if (!has_header_) {
                TRY(read_header(*chunk));
                continue;
            }
            if (chunk->is_critical() && !chunk->checksum_holds()) return damaged("PNG", "a wrong checksum");
            if (chunk->is("IEND")) {
                has_end_ = true;
                break;  // what comes after is none of our business
            }
            TRY(read_chunk(*chunk));
        }
        if (chunks.is_broken()) return damaged("PNG", "a chunk goes past the end");
        if (!has_header_ || !has_end_ || data_bytes_ == 0) return damaged("PNG", "a chunk is missing");
        if (is_palette_ && !has_palette_) return damaged("PNG", "no palette");
        if (raw_bytes_ > (data_bytes_ + 16) * deflate_ratio_max)
            return damaged("PNG", "fewer bytes than pixels");
        facts_.orientation = orientation();
        if (swaps_sides(facts_.orientation)) std::swap(facts_.width_px, facts_.height_px);
        return facts_;
    }

  private:
    Status read_header(const PngChunk& chunk) {
        const ByteView header = chunk.payload;
        if (!chunk.is("IHDR") || header.size() != 13 || !chunk.checksum_holds())
            return damaged("PNG", "header");
        facts_.width_px = header.u32be(0);
        facts_.height_px = header.u32be(4);
        const std::uint8_t depth = header.u8(8);
        const std::uint8_t colour_type = header.u8(9);
        const Kind kind = kind_of(colour_type, depth);
        if (facts_.width_px == 0 || facts_.height_px == 0) return damaged("PNG", "a side of zero");
        if (!kind.legal) return damaged("PNG", "colour type or depth");
        if (header.u8(10) != 0 || header.u8(11) != 0 || header.u8(12) > 1) return damaged("PNG", "method");
        is_palette_ = colour_type == colour_palette;
        facts_.has_alpha = colour_type >= 4;
        facts_.colour_space = colour_type == 0 || colour_type == 4 ? ColourSpace::grey : ColourSpace::rgb;
        // Fits: 2^32 pixels a row × 64 bits, times 2^32 rows of which the limits allow few; compared after
        // check().
        const std::uint64_t row_bits = std::uint64_t{facts_.width_px} * kind.samples * depth;
        constexpr std::uint64_t plausible = std::uint64_t{1}
                                            << 31;  // past every limit that can be set: leave it to those
        const std::uint64_t row_bytes = row_bits / 8;
        raw_bytes_ = row_bytes > plausible / facts_.height_px ? 0 : row_bytes * facts_.height_px;
        has_header_ = true;
        return {};
    }

    Status read_chunk(const PngChunk& chunk) {
        if (chunk.is("IHDR")) return damaged("PNG", "two headers");
        if (chunk.is("IDAT")) {
            data_bytes_ += chunk.payload.size();
        } else if (chunk.is("PLTE")) {
            has_palette_ = true;
        } else if (chunk.is("tRNS")) {
            facts_.has_alpha = true;
        } else if (chunk.is("acTL") && data_bytes_ == 0) {
            facts_.frames = std::max<std::uint32_t>(chunk.payload.u32be(0), 1);
        } else if (chunk.is("eXIf")) {
            from_exif_ = orientation_of_exif_block(chunk.payload);
        } else if (chunk.is("tEXt") || chunk.is("zTXt") || chunk.is("iTXt")) {
            read_text(chunk);
        }
        return {};
    }

    void read_text(const PngChunk& chunk) {
        const auto text = png_text_of(chunk);
        if (!text) return;
        if (text->is_exif_profile()) {
            read(*text, &PngCheck::read_raw_profile);
        } else if (text->is_xmp()) {
            read(*text, &PngCheck::read_xmp);
        }
    }

    void read(const PngText& text, void (PngCheck::*take)(ByteView)) {
        if (!text.is_deflated) return (this->*take)(text.value);
        const auto inflated = inflate_bounded(text.value, inflate_budget_);
        // Too much, or broken: the metadata is ignored, and nothing more is inflated.
        inflate_budget_ = inflated ? inflate_budget_ - inflated->size() : 0;
        if (inflated) (this->*take)(ByteView(*inflated));
    }

    void read_raw_profile(ByteView text) {
        const std::vector<std::byte> exif = bytes_of_raw_profile(text.text());
        if (!from_raw_profile_) from_raw_profile_ = orientation_of_exif_block(ByteView(exif));
    }

    void read_xmp(ByteView packet) {
        if (!from_xmp_) from_xmp_ = orientation_of_xmp(packet);
    }

    [[nodiscard]] Orientation orientation() const {
        if (from_exif_) return *from_exif_;
        if (from_raw_profile_) return *from_raw_profile_;
        return from_xmp_.value_or(Orientation::upright);
    }

    ByteView file_;
    ImageFacts facts_{.format = Format::png};
    bool has_header_ = false;
    bool has_palette_ = false;
    bool is_palette_ = false;
    bool has_end_ = false;
    std::uint64_t data_bytes_ = 0;
    std::uint64_t raw_bytes_ = 0;  // what the pixels need before compression, at least
    std::size_t inflate_budget_ = png_metadata_bytes_max;
    std::optional<Orientation> from_exif_;
    std::optional<Orientation> from_raw_profile_;
    std::optional<Orientation> from_xmp_;
};

}  // namespace

Result<ImageFacts> inspect_png(ByteView file) {
    return PngCheck(file).run();
}

}  // namespace safelight
