#include "imaging/resample/light.h"

#include <cmath>

namespace safelight {
namespace {

// IEC 61966-2-1.
double decoded(double encoded) {
    return encoded <= 0.04045 ? encoded / 12.92 : std::pow((encoded + 0.055) / 1.055, 2.4);
}

double encoded(double light) {
    return light <= 0.0031308 ? light * 12.92 : 1.055 * std::pow(light, 1 / 2.4) - 0.055;
}

}  // namespace

const std::array<std::int16_t, 256>& light_of_srgb() {
    static const auto table = [] {
        std::array<std::int16_t, 256> values{};
        for (std::size_t i = 0; i < values.size(); ++i) {
            values[i] =
                static_cast<std::int16_t>(std::lround(decoded(static_cast<double>(i) / 255) * light_one));
        }
        return values;
    }();
    return table;
}

const std::array<std::uint8_t, light_one + 1>& srgb_of_light() {
    static const auto table = [] {
        std::array<std::uint8_t, light_one + 1> values{};
        for (std::size_t i = 0; i < values.size(); ++i) {
            values[i] =
                static_cast<std::uint8_t>(std::lround(encoded(static_cast<double>(i) / light_one) * 255));
        }
        return values;
    }();
    return table;
}

}  // namespace safelight
