#include "imaging/png/png_filters.h"

#include <cstddef>
#include <cstring>

namespace safelight {
namespace {

// The samples of one pixel side by side. Each needs its left neighbour first, so that no more than a pixel
// can be worked on at a time.
using Octets [[gnu::vector_size(4)]] = std::uint8_t;
using Lanes [[gnu::vector_size(8)]] = std::int16_t;

template <std::uint32_t Bytes>
Lanes load(const std::uint8_t* samples) {
    Octets octets{};
    std::memcpy(&octets, samples, Bytes);
    return __builtin_convertvector(octets, Lanes);
}

/// Modulo 256.
template <std::uint32_t Bytes>
void store(std::uint8_t* samples, Lanes lanes) {
    const Octets octets = __builtin_convertvector(lanes, Octets);
    std::memcpy(samples, &octets, Bytes);
}

Lanes absolute(Lanes lanes) {
    return lanes < 0 ? -lanes : lanes;
}

/// Of left, above and above left, the one that is nearest to left + above - above left.
Lanes paeth(Lanes left, Lanes above, Lanes corner) {
    const Lanes from_left = absolute(above - corner);
    const Lanes from_above = absolute(left - corner);
    const Lanes from_corner = absolute(left + above - corner - corner);
    const Lanes nearer = from_above <= from_corner ? above : corner;
    const Lanes left_is_nearest = (from_left <= from_above) & (from_left <= from_corner);
    return left_is_nearest ? left : nearer;
}

template <std::uint32_t Bytes, class Predict>
void undo(std::span<std::uint8_t> row, const std::uint8_t* up, const Predict& predict) {
    Lanes left{};
    Lanes corner{};
    for (std::size_t i = 0; i + Bytes <= row.size(); i += Bytes) {
        const Lanes above = load<Bytes>(up + i);
        left = (load<Bytes>(&row[i]) + predict(left, above, corner)) & 0xff;
        store<Bytes>(&row[i], left);
        corner = above;
    }
}

template <std::uint32_t Bytes>
bool undo_filter(std::uint8_t filter, std::span<std::uint8_t> row, const std::uint8_t* up) {
    switch (filter) {
        case 0:
            return true;
        case 1:
            undo<Bytes>(row, up, [](Lanes left, Lanes, Lanes) { return left; });
            return true;
        case 2:
            for (std::size_t i = 0; i < row.size(); ++i) row[i] = static_cast<std::uint8_t>(row[i] + up[i]);
            return true;
        case 3:
            undo<Bytes>(row, up, [](Lanes left, Lanes above, Lanes) { return (left + above) >> 1; });
            return true;
        case 4:
            undo<Bytes>(row, up, paeth);
            return true;
        default:
            return false;
    }
}

}  // namespace

bool undo_png_filter(std::uint8_t filter, std::uint32_t pixel_bytes, std::span<std::uint8_t> row,
                     const std::uint8_t* up) {
    switch (pixel_bytes) {
        case 1:
            return undo_filter<1>(filter, row, up);
        case 2:
            return undo_filter<2>(filter, row, up);
        case 3:
            return undo_filter<3>(filter, row, up);
        default:
            return undo_filter<4>(filter, row, up);
    }
}

}  // namespace safelight
