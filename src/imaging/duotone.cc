#include "imaging/duotone.h"

#include <array>

#include "imaging/adjust.h"

namespace safelight {
namespace {

using Ramp = std::array<std::array<std::uint8_t, 3>, 256>;

constexpr std::uint8_t mixed(unsigned dark, unsigned light, unsigned grey) {
    return static_cast<std::uint8_t>((dark * (255 - grey) + light * grey + 127) / 255);
}

Ramp ramp_of(const Duotone& colours) {
    Ramp ramp{};
    for (unsigned grey = 0; grey < ramp.size(); ++grey) {
        ramp[grey] = {mixed(colours.dark.red, colours.light.red, grey),
                      mixed(colours.dark.green, colours.light.green, grey),
                      mixed(colours.dark.blue, colours.light.blue, grey)};
    }
    return ramp;
}

}  // namespace

Pixels duotone(Pixels pixels, const Duotone& colours) {
    const Pixels grey = greyscale(std::move(pixels));
    const Ramp ramp = ramp_of(colours);
    Pixels out(grey.width_px, grey.height_px, grey.channels + 2);
    std::uint8_t* to = out.samples.data();
    for (std::size_t i = 0; i < grey.samples.size(); i += grey.channels) {
        for (const std::uint8_t sample : ramp[grey.samples[i]]) *to++ = sample;
        if (has_alpha(grey.channels)) *to++ = grey.samples[i + 1];
    }
    return out;
}

}  // namespace safelight
