#include "imaging/look/blurhash.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <string_view>
#include <vector>

#include "imaging/look/cosines.h"
#include "imaging/resample/light.h"

namespace safelight {
namespace {

constexpr std::string_view digits =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~";
static_assert(digits.size() == 83);

void append_base83(std::string& text, std::uint32_t value, std::size_t length) {
    std::string written(length, digits[0]);
    for (auto digit = written.rbegin(); digit != written.rend(); ++digit, value /= 83)
        *digit = digits[value % 83];
    text += written;
}

using Component = std::array<double, 3>;  // of linear red, green and blue

std::vector<Component> components_of(const Pixels& pixels, std::uint32_t across, std::uint32_t down) {
    const auto& light = light_of_srgb();
    const std::size_t count = std::size_t{pixels.width_px} * pixels.height_px;
    std::vector<Component> components(std::size_t{across} * down);
    const Cosines cosines(pixels.width_px, pixels.height_px, 0);
    std::vector<double> plane(count);
    for (std::size_t channel = 0; channel < 3; ++channel) {
        for (std::size_t i = 0; i < count; ++i)
            plane[i] = static_cast<double>(light[pixels.samples[i * 3 + channel]]) / light_one;
        const auto waves = cosines.frequencies_of(plane, across, down);
        for (std::size_t i = 0; i < waves.size(); ++i)
            components[i][channel] = (i == 0 ? 1 : 2) * waves[i] / static_cast<double>(count);
    }
    return components;
}

std::uint32_t encoded_mean(const Component& mean) {
    std::uint32_t colour = 0;
    for (const double channel : mean) {
        const double share = std::clamp(channel, 0.0, 1.0);
        colour = colour << 8 | srgb_of_light()[static_cast<std::size_t>(std::lround(share * light_one))];
    }
    return colour;
}

std::uint32_t encoded_wave(const Component& wave, double largest) {
    std::uint32_t value = 0;
    for (const double channel : wave) {
        const double share = channel / largest;
        const double root = std::copysign(std::sqrt(std::abs(share)), share);
        value = value * 19 + static_cast<std::uint32_t>(std::clamp(std::floor(root * 9 + 9.5), 0.0, 18.0));
    }
    return value;
}

}  // namespace

std::string blurhash_of(const Pixels& pixels, std::uint32_t across, std::uint32_t down) {
    const std::vector<Component> components = components_of(pixels, across, down);
    const auto waves = std::span(components).subspan(1);
    double largest = 0;
    for (const Component& wave : waves) {
        for (const double channel : wave) largest = std::max(largest, std::abs(channel));
    }
    const auto steps = static_cast<std::uint32_t>(std::clamp(std::floor(largest * 166 - 0.5), 0.0, 82.0));
    std::string hash;
    append_base83(hash, across - 1 + (down - 1) * 9, 1);
    append_base83(hash, waves.empty() ? 0 : steps, 1);
    append_base83(hash, encoded_mean(components[0]), 4);
    for (const Component& wave : waves) append_base83(hash, encoded_wave(wave, (steps + 1) / 166.0), 2);
    return hash;
}

}  // namespace safelight
