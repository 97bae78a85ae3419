#include "imaging/sharpen.h"

#include <algorithm>

#include "imaging/blur.h"

namespace safelight {

Status sharpen(Pixels& pixels, Hundredths strength, const StopCheck& stop) {
    if (strength == Hundredths{0}) return {};
    Pixels blurred = pixels;
    TRY(blur(blurred, sharpen_sigma, stop));
    const auto gain = static_cast<int>(strength.count);
    for (std::size_t i = 0; i < pixels.samples.size(); ++i) {
        if (has_alpha(pixels.channels) && i % pixels.channels == pixels.channels - 1) continue;
        const int sample = pixels.samples[i];
        const int detail = (sample - blurred.samples[i]) * gain;
        const int rounded = (detail + (detail < 0 ? -50 : 50)) / 100;
        pixels.samples[i] = static_cast<std::uint8_t>(std::clamp(sample + rounded, 0, 255));
    }
    return {};
}

}  // namespace safelight
