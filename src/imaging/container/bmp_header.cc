#include "imaging/container/bmp_header.h"

#include <algorithm>
#include <bit>
#include <cstdlib>

#include "imaging/container/faults.h"

namespace safelight {
namespace {

constexpr std::uint64_t info_at = 14;  // behind the file header
constexpr std::uint32_t core_header_bytes = 12;
constexpr std::uint32_t info_header_bytes = 40;
constexpr std::uint32_t header_with_alpha_bytes = 56;
constexpr std::uint32_t v5_header_bytes = 124;

enum class Compression : std::uint32_t { none = 0, rle8 = 1, rle4 = 2, bitfields = 3, alpha_bitfields = 6 };

std::unexpected<Error> broken(std::string_view detail) {
    return damaged("BMP", detail);
}

class BmpHeaderRead {
  public:
    explicit BmpHeaderRead(ByteView file) : file_(file), info_(file.from(info_at)) {}

    Result<BmpHeader> run() {
        header_bytes_ = info_.u32le(0);
        is_core_ = header_bytes_ == core_header_bytes;
        if (!info_.holds(0, header_bytes_) || (!is_core_ && header_bytes_ < info_header_bytes))
            return broken("short header");
        TRY(read_sides());
        TRY(read_packing());
        behind_header_ = info_at + header_bytes_;
        if (header_.bits == 16 || header_.bits == 32) TRY(read_channels());
        if (header_.bits <= 8) TRY(read_palette());
        TRY(find_pixels());
        find_profile();
        return std::move(header_);
    }

  private:
    Status read_sides() {
        std::int64_t width = is_core_ ? info_.u16le(4) : static_cast<std::int32_t>(info_.u32le(4));
        std::int64_t height = is_core_ ? info_.u16le(6) : static_cast<std::int32_t>(info_.u32le(8));
        header_.is_top_down = height < 0;
        if (width <= 0 || height == 0) return broken("no sides");
        header_.width_px = static_cast<std::uint32_t>(width);
        header_.height_px = static_cast<std::uint32_t>(std::abs(height));
        return {};
    }

    Status read_packing() {
        header_.bits = is_core_ ? info_.u16le(10) : info_.u16le(14);
        compression_ = is_core_ ? Compression::none : static_cast<Compression>(info_.u32le(16));
        constexpr std::array depths{1, 4, 8, 16, 24, 32};
        if (std::ranges::find(depths, static_cast<int>(header_.bits)) == depths.end())
            return broken("bits of a pixel");
        bool fits = true;
        switch (compression_) {
            case Compression::none:
                break;
            case Compression::rle8:
                header_.packing = BmpPacking::runs_of_8_bits;
                fits = header_.bits == 8 && !header_.is_top_down;
                break;
            case Compression::rle4:
                header_.packing = BmpPacking::runs_of_4_bits;
                fits = header_.bits == 4 && !header_.is_top_down;
                break;
            case Compression::bitfields:
            case Compression::alpha_bitfields:
                fits = header_.bits == 16 || header_.bits == 32;
                break;
            default:
                return not_taken("BMP", "compression");
        }
        if (!fits) return broken("a compression that does not fit");
        return {};
    }

    Status read_channels() {
        const bool has_masks =
            compression_ == Compression::bitfields || compression_ == Compression::alpha_bitfields;
        if (!has_masks) {
            header_.channels = header_.bits == 16 ? std::array<BmpChannel, 4>{{{10, 5}, {5, 5}, {0, 5}, {}}}
                                                  : std::array<BmpChannel, 4>{{{16, 8}, {8, 8}, {0, 8}, {}}};
            return {};
        }
        // Inside the longer headers; behind the short one.
        const bool has_alpha =
            compression_ == Compression::alpha_bitfields || header_bytes_ >= header_with_alpha_bytes;
        const std::uint64_t masks = has_alpha ? 4 : 3;
        const std::uint64_t masks_at = info_at + info_header_bytes;
        if (!file_.holds(masks_at, masks * 4)) return broken("short masks");
        behind_header_ = std::max(behind_header_, masks_at + masks * 4);
        std::uint32_t seen = 0;
        for (std::uint64_t i = 0; i < masks; ++i) {
            const std::uint32_t mask = file_.u32le(masks_at + i * 4);
            TRY_ASSIGN(header_.channels[static_cast<std::size_t>(i)], channel_of(mask));
            if ((seen & mask) != 0) return broken("masks overlap");
            seen |= mask;
        }
        header_.has_alpha = header_.channels[3].bits > 0;
        return {};
    }

    [[nodiscard]] Result<BmpChannel> channel_of(std::uint32_t mask) const {
        if (mask == 0) return BmpChannel{};
        const auto shift = static_cast<std::uint32_t>(std::countr_zero(mask));
        const auto bits = static_cast<std::uint32_t>(std::popcount(mask));
        const bool is_one_piece = static_cast<std::uint32_t>(std::countr_one(mask >> shift)) == bits;
        if (!is_one_piece || shift + bits > header_.bits) return broken("a mask");
        return BmpChannel{shift, bits};
    }

    Status read_palette() {
        const std::uint32_t colours_max = 1U << header_.bits;
        const std::uint32_t said = is_core_ ? 0 : info_.u32le(32);
        const std::uint64_t count = said == 0 ? colours_max : said;
        const std::uint64_t entry_bytes = is_core_ ? 3 : 4;
        if (!file_.holds(behind_header_, count * entry_bytes)) return broken("a short palette");
        // What no pixel can name is passed over.
        for (std::uint64_t i = 0; i < std::min<std::uint64_t>(count, colours_max); ++i) {
            const std::uint64_t at = behind_header_ + i * entry_bytes;
            header_.palette.push_back({file_.u8(at + 2), file_.u8(at + 1), file_.u8(at)});
        }
        header_.is_grey = std::ranges::all_of(
            header_.palette, [](Colour each) { return each.red == each.green && each.green == each.blue; });
        return {};
    }

    Status find_pixels() {
        const std::uint32_t pixels_at = file_.u32le(10);
        if (pixels_at < behind_header_ || !file_.holds(pixels_at, 1)) return broken("no pixels");
        header_.pixels = file_.from(pixels_at);
        if (header_.packing != BmpPacking::plain) return {};
        const std::uint64_t row_bits = std::uint64_t{header_.width_px} * header_.bits;
        header_.row_bytes = (row_bits + 31) / 32 * 4;
        const std::uint64_t last_row_bytes = (row_bits + 7) / 8;
        // One row fits: then no product overflows.
        const bool fits =
            header_.pixels.holds(0, last_row_bytes) &&
            header_.pixels.holds(header_.row_bytes * (std::uint64_t{header_.height_px} - 1), last_row_bytes);
        if (!fits) return broken("fewer bytes than pixels");
        return {};
    }

    /// One that goes past the end is left out, as a broken profile is of any format.
    void find_profile() {
        constexpr std::uint32_t embedded = 0x4d42'4544;  // "MBED"
        if (header_bytes_ < v5_header_bytes || info_.u32le(56) != embedded) return;
        const auto profile = info_.part(info_.u32le(112), info_.u32le(116));
        if (profile) header_.icc_profile = *profile;
    }

    ByteView file_;
    ByteView info_;  // the file from the second header on
    std::uint32_t header_bytes_ = 0;
    bool is_core_ = false;
    Compression compression_ = Compression::none;
    std::uint64_t behind_header_ = 0;  // and behind its masks
    BmpHeader header_;
};

}  // namespace

Result<BmpHeader> read_bmp_header(ByteView file) {
    return BmpHeaderRead(file).run();
}

}  // namespace safelight
