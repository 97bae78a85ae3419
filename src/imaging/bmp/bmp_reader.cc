#include "imaging/bmp/bmp_reader.h"

#include <utility>

#include "imaging/bmp/bmp_runs.h"
#include "imaging/container/bmp_header.h"
#include "imaging/container/faults.h"

namespace safelight {
namespace {

std::byte to_8_bits(std::uint32_t pixel, BmpChannel channel) {
    if (channel.bits == 0) return std::byte{0};
    const std::uint64_t most = (std::uint64_t{1} << channel.bits) - 1;
    const std::uint64_t value = std::uint64_t{pixel} >> channel.shift & most;
    return static_cast<std::byte>((value * 255 + most / 2) / most);
}

class BmpRead {
  public:
    explicit BmpRead(const BmpHeader& header) : header_(header) {
        picture_.width_px = header.width_px;
        picture_.height_px = header.height_px;
        picture_.channels = header.is_grey ? 1 : header.has_alpha ? 4 : 3;
        const auto profile = header.icc_profile.bytes();
        picture_.icc_profile.assign(profile.begin(), profile.end());
        picture_.samples.resize(std::size_t{header.width_px} * header.height_px * picture_.channels);
    }

    Result<RawPicture> run() {
        out_ = picture_.samples.data();
        if (header_.packing == BmpPacking::plain) {
            TRY(read_rows());
        } else {
            TRY_ASSIGN(const auto indices, unpack_bmp_runs(header_));
            for (const std::uint8_t index : indices) TRY(put_index(index));
        }
        if (header_.has_alpha) show_invisible();
        return std::move(picture_);
    }

  private:
    Status read_rows() {
        for (std::uint32_t y = 0; y < header_.height_px; ++y) {
            const std::uint32_t stored = header_.is_top_down ? y : header_.height_px - 1 - y;
            const ByteView row = header_.pixels.from(stored * header_.row_bytes);
            if (header_.bits <= 8) {
                TRY(read_indices(row));
            } else {
                read_colours(row);
            }
        }
        return {};
    }

    Status read_indices(ByteView row) {
        const std::uint32_t per_byte = 8 / header_.bits;
        const std::uint32_t mask = (1U << header_.bits) - 1;
        for (std::uint32_t x = 0; x < header_.width_px; ++x) {
            const std::uint32_t shift = (per_byte - 1 - x % per_byte) * header_.bits;
            TRY(put_index(static_cast<std::uint8_t>(std::uint32_t{row.u8(x / per_byte)} >> shift & mask)));
        }
        return {};
    }

    void read_colours(ByteView row) {
        for (std::uint32_t x = 0; x < header_.width_px; ++x) {
            if (header_.bits == 24) {
                const std::uint64_t at = std::uint64_t{x} * 3;
                put({row.u8(at + 2), row.u8(at + 1), row.u8(at)});
                continue;
            }
            const std::uint32_t pixel =
                header_.bits == 16 ? row.u16le(std::uint64_t{x} * 2) : row.u32le(std::uint64_t{x} * 4);
            for (std::uint32_t c = 0; c < picture_.channels; ++c)
                *out_++ = to_8_bits(pixel, header_.channels[c]);
        }
    }

    /// A picture of which nothing can be seen comes from a program that left the alpha alone.
    void show_invisible() {
        std::vector<std::byte>& samples = picture_.samples;
        for (std::size_t i = 3; i < samples.size(); i += 4) {
            if (samples[i] != std::byte{0}) return;
        }
        for (std::size_t i = 3; i < samples.size(); i += 4) samples[i] = std::byte{255};
    }

    Status put_index(std::uint8_t index) {
        if (index >= header_.palette.size()) return damaged("BMP", "a colour that is not in the palette");
        put(header_.palette[index]);
        return {};
    }

    void put(Colour colour) {
        *out_++ = std::byte{colour.red};
        if (picture_.channels == 1) return;
        *out_++ = std::byte{colour.green};
        *out_++ = std::byte{colour.blue};
    }

    const BmpHeader& header_;
    RawPicture picture_;
    std::byte* out_ = nullptr;  // room for what is left
};

}  // namespace

Result<RawPicture> read_bmp(std::span<const std::byte> bytes) {
    TRY_ASSIGN(const BmpHeader header, read_bmp_header(ByteView(bytes)));
    return BmpRead(header).run();
}

}  // namespace safelight
