#include "imaging/png/png_source.h"

#include <libdeflate.h>

#include <algorithm>
#include <array>
#include <memory>

#include "imaging/colour/gamut.h"
#include "imaging/container/png_chunks.h"
#include "imaging/png/png_filters.h"
#include "imaging/resample/resampler.h"

namespace safelight {
namespace {

constexpr std::uint32_t rows_at_once = 16;
constexpr std::uint8_t palette_type = 3;
constexpr std::size_t palette_colours_max = 256;
constexpr std::size_t data_chunks_max = 65'536;  // more is no encoder's work

struct PlainPng {
    std::uint32_t width_px = 0;
    std::uint32_t height_px = 0;
    std::uint32_t pixel_bytes = 0;  // as stored
    std::uint32_t channels = 0;     // as shown
    Gamut gamut = Gamut::srgb;
    std::vector<std::array<std::uint8_t, 4>> palette;  // of RGBA; empty without one
    std::vector<ByteView> data;

    [[nodiscard]] std::size_t row_bytes() const { return std::size_t{width_px} * pixel_bytes; }
    /// Each row has the number of its filter in front.
    [[nodiscard]] std::size_t inflated_bytes() const { return (row_bytes() + 1) * height_px; }
};

/// As it is stored, or nothing for another kind.
std::uint32_t pixel_bytes_of(std::uint8_t colour_type) {
    constexpr std::array<std::uint32_t, 7> bytes{1, 0, 3, 1, 2, 0, 4};
    return colour_type < bytes.size() ? bytes[colour_type] : 0;
}

class Reader {
  public:
    explicit Reader(Icc icc) : icc_(icc) {}

    std::optional<PlainPng> read(std::span<const std::byte> bytes) {
        PngChunks chunks{ByteView(bytes)};
        const auto header = chunks.next();
        if (!header || !header->is("IHDR") || !accept_header(header->payload)) return std::nullopt;
        bool is_over = false;  // the data are one behind the other
        while (const auto chunk = chunks.next()) {
            if (chunk->is("IEND")) break;
            if (chunk->is("IDAT")) {
                if (is_over || png_.data.size() == data_chunks_max) return std::nullopt;
                if (chunk->payload.size() > 0) png_.data.push_back(chunk->payload);
            } else {
                is_over = !png_.data.empty();
                if (!is_over && !accept(*chunk)) return std::nullopt;
            }
        }
        if (png_.data.empty() || (type_ == palette_type && png_.palette.empty())) return std::nullopt;
        return std::move(png_);
    }

  private:
    bool accept_header(const ByteView& header) {
        constexpr std::uint8_t depth = 8;
        png_.width_px = header.u32be(0);
        png_.height_px = header.u32be(4);
        type_ = header.u8(9);
        png_.pixel_bytes = pixel_bytes_of(type_);
        png_.channels = type_ == palette_type ? 3 : png_.pixel_bytes;
        const bool is_interlaced = header.u8(12) != 0;
        if (header.u8(8) != depth || png_.pixel_bytes == 0 || is_interlaced) return false;
        // No overflow: 2^32 pixels of 4 bytes, 2^32 times.
        return png_.width_px > 0 && png_.height_px > 0 &&
               png_.row_bytes() < inflated_png_bytes_max / png_.height_px;
    }

    /// False: not one of the plain ones. Of chunks that a decoder can do without, nobody has looked at the
    /// checksums.
    bool accept(const PngChunk& chunk) {
        if (chunk.is("PLTE")) return accept_palette(chunk.payload);
        if (chunk.is("tRNS")) return chunk.checksum_holds() && accept_transparency(chunk.payload);
        if (chunk.is("iCCP")) return chunk.checksum_holds() && accept_profile(chunk.payload);
        return !chunk.is("cICP");  // says more than a profile, and is rare
    }

    bool accept_palette(const ByteView& colours) {
        if (type_ != palette_type) return true;  // a proposal for screens of few colours
        const std::size_t count = colours.size() / 3;
        const bool is_sound = colours.size() % 3 == 0 && count > 0 && count <= palette_colours_max;
        if (!is_sound || !png_.palette.empty()) return false;
        for (std::size_t at = 0; at < colours.size(); at += 3)
            png_.palette.push_back({colours.u8(at), colours.u8(at + 1), colours.u8(at + 2), 0xff});
        return true;
    }

    bool accept_transparency(const ByteView& alphas) {
        const bool is_sound = alphas.size() > 0 && alphas.size() <= png_.palette.size();
        if (!is_sound || png_.channels == 4) return false;
        png_.channels = 4;
        for (std::size_t i = 0; i < alphas.size(); ++i) png_.palette[i][3] = alphas.u8(i);
        return true;
    }

    bool accept_profile(const ByteView& payload) {
        const auto profile = png_icc_profile(payload);
        const bool is_grey = type_ == 0 || type_ == 4;
        const auto gamut = profile ? plain_gamut(*profile, is_grey, icc_) : std::nullopt;
        png_.gamut = gamut.value_or(Gamut::srgb);
        return gamut.has_value();
    }

    const Icc icc_;
    PlainPng png_;
    std::uint8_t type_ = 0;
};

struct DecompressorRelease {
    void operator()(libdeflate_decompressor* decompressor) const {
        libdeflate_free_decompressor(decompressor);
    }
};

std::vector<std::byte> joined(std::span<const ByteView> parts) {
    std::vector<std::byte> whole;
    std::size_t size = 0;
    for (const ByteView& part : parts) size += part.size();
    whole.reserve(size);
    for (const ByteView& part : parts) whole.insert(whole.end(), part.bytes().begin(), part.bytes().end());
    return whole;
}

/// All rows, or nothing when the data are damaged.
std::unique_ptr<std::uint8_t[]> inflated(const PlainPng& png) {
    const std::vector<std::byte> copy = png.data.size() == 1 ? std::vector<std::byte>{} : joined(png.data);
    const std::span<const std::byte> deflated = copy.empty() ? png.data.front().bytes() : std::span(copy);
    const std::unique_ptr<libdeflate_decompressor, DecompressorRelease> decompressor(
        libdeflate_alloc_decompressor());
    if (!decompressor) return nullptr;
    auto rows = std::make_unique_for_overwrite<std::uint8_t[]>(png.inflated_bytes());
    const auto result = libdeflate_zlib_decompress(decompressor.get(), deflated.data(), deflated.size(),
                                                   rows.get(), png.inflated_bytes(), nullptr);
    return result == LIBDEFLATE_SUCCESS ? std::move(rows) : nullptr;
}

/// Rows of indices as rows of colours.
class Colours {
  public:
    explicit Colours(const PlainPng& png)
        : png_(png), rows_(std::size_t{png.width_px} * png.channels * rows_at_once) {}

    /// Null when an index is beyond the palette.
    [[nodiscard]] const std::uint8_t* of(const std::uint8_t* indices, std::uint32_t count) {
        std::uint8_t* out = rows_.data();
        for (std::uint32_t y = 0; y < count; ++y) {
            const std::uint8_t* row = indices + y * (png_.row_bytes() + 1);
            for (std::uint32_t x = 0; x < png_.width_px; ++x, out += png_.channels) {
                if (row[x] >= png_.palette.size()) return nullptr;
                std::copy_n(png_.palette[row[x]].data(), png_.channels, out);
            }
        }
        return rows_.data();
    }

  private:
    const PlainPng& png_;
    std::vector<std::uint8_t> rows_;
};

/// False when the data are damaged. Error: cancelled.
Result<bool> push_all(const PlainPng& png, std::uint8_t* rows, std::span<Resampler> resamplers,
                      const StopCheck& stop) {
    const std::size_t stride = png.row_bytes() + 1;
    const std::vector<std::uint8_t> zeros(png.row_bytes());
    const std::uint8_t* up = zeros.data();
    std::optional<Colours> colours;
    if (!png.palette.empty()) colours.emplace(png);
    for (std::uint32_t top = 0; top < png.height_px; top += rows_at_once) {
        if (stop && stop()) return failure(ErrorCode::cancelled, "The work was called off.");
        const std::uint32_t count = std::min(rows_at_once, png.height_px - top);
        std::uint8_t* const first = rows + top * stride + 1;
        for (std::uint32_t y = 0; y < count; ++y) {
            std::uint8_t* const row = first + y * stride;
            if (!undo_png_filter(row[-1], png.pixel_bytes, {row, png.row_bytes()}, up)) return false;
            up = row;
        }
        const std::uint8_t* shown = colours ? colours->of(first, count) : first;
        if (shown == nullptr) return false;
        const std::size_t shown_stride = colours ? std::size_t{png.width_px} * png.channels : stride;
        for (Resampler& resampler : resamplers) resampler.push_rows(shown, shown_stride, count);
    }
    return true;
}

}  // namespace

Result<std::optional<std::vector<Pixels>>> read_plain_png(std::span<const std::byte> bytes,
                                                          std::span<const Plan> plans, Icc icc,
                                                          const StopCheck& stop) {
    const auto png = Reader(icc).read(bytes);
    if (!png) return std::nullopt;
    const auto rows = inflated(*png);
    if (!rows) return std::nullopt;
    std::vector<Resampler> resamplers;
    resamplers.reserve(plans.size());
    for (const Plan& plan : plans)
        resamplers.emplace_back(png->width_px, png->height_px, png->channels, plan);
    TRY_ASSIGN(const bool is_whole, push_all(*png, rows.get(), resamplers, stop));
    if (!is_whole) return std::nullopt;
    std::vector<Pixels> results;
    for (Resampler& resampler : resamplers) {
        results.push_back(resampler.take());
        results.back().gamut = png->gamut;
    }
    return results;
}

}  // namespace safelight
