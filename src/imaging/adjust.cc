#include "imaging/adjust.h"

#include <algorithm>

#include "imaging/resample/light.h"

namespace safelight {
namespace {

/// v' = own·v + grey·(0.213 R + 0.715 G + 0.072 B) + offset, for v in 0…255.
struct Affine {
    float own = 1;
    float grey = 0;
    float offset = 0;
};

std::uint8_t sample_of(float value) {
    return static_cast<std::uint8_t>(std::clamp(value + 0.5F, 0.0F, 255.0F));
}

}  // namespace

Pixels greyscale(Pixels pixels) {
    if (pixels.channels < 3) return pixels;
    constexpr int red = 2126;
    constexpr int green = 7152;
    constexpr int blue = 722;
    constexpr int one = red + green + blue;
    const auto& light = light_of_srgb();
    const auto& srgb = srgb_of_light();
    Pixels grey(pixels.width_px, pixels.height_px, pixels.channels - 2, pixels.gamut);
    const std::uint8_t* in = pixels.samples.data();
    std::uint8_t* out = grey.samples.data();
    const std::size_t count = std::size_t{pixels.width_px} * pixels.height_px;
    for (std::size_t i = 0; i < count; ++i, in += pixels.channels) {
        const int sum = light[in[0]] * red + light[in[1]] * green + light[in[2]] * blue;
        *out++ = srgb[static_cast<std::size_t>((sum + one / 2) / one)];
        if (has_alpha(pixels.channels)) *out++ = in[3];
    }
    return grey;
}

Pixels adjust(Pixels pixels, Hundredths saturation, Hundredths brightness, Hundredths contrast) {
    const auto s = static_cast<float>(saturation.value());
    const auto b = static_cast<float>(brightness.value());
    const auto c = static_cast<float>(contrast.value());
    const Affine affine{c * b * s, c * b * (1 - s), (1 - c) * 127.5F};
    std::uint8_t* pixel = pixels.samples.data();
    const std::size_t count = std::size_t{pixels.width_px} * pixels.height_px;
    for (std::size_t i = 0; i < count; ++i, pixel += pixels.channels) {
        if (pixels.channels < 3) {
            // Grey is its own luma.
            pixel[0] = sample_of((affine.own + affine.grey) * static_cast<float>(pixel[0]) + affine.offset);
            continue;
        }
        const float luma = 0.213F * static_cast<float>(pixel[0]) + 0.715F * static_cast<float>(pixel[1]) +
                           0.072F * static_cast<float>(pixel[2]);
        for (int channel = 0; channel < 3; ++channel) {
            pixel[channel] = sample_of(affine.own * static_cast<float>(pixel[channel]) + affine.grey * luma +
                                       affine.offset);
        }
    }
    return pixels;
}

}  // namespace safelight
