// When the frames of an animation are shown.
#pragma once

#include <cstdint>
#include <vector>

namespace safelight {

struct AnimationTiming {
    std::vector<std::uint32_t> delays_ms;  // one for each frame
    std::uint32_t plays = 0;               // how often all of it is shown; 0: for ever

    bool operator==(const AnimationTiming&) const = default;
};

/// The delays for a GIF, which counts in hundredths of a second, at most 65'535 of them. What rounding takes
/// from a frame is given to the next one, so that sound and picture of a long animation stay together. A
/// delay of more than 10 ms becomes 2 at least: browsers show what is shorter for 100 ms.
[[nodiscard]] std::vector<std::uint32_t> gif_delays_cs(const AnimationTiming& timing);

/// When each frame of a WebP begins, and at last when the animation ends, in ms; one more than there are
/// frames. Delays are taken as they are; a total that a 32-bit int cannot say stays at its largest value.
[[nodiscard]] std::vector<std::int32_t> webp_timestamps_ms(const AnimationTiming& timing);

}  // namespace safelight
