#include "imaging/animation_timing.h"

#include <algorithm>
#include <limits>

namespace safelight {
namespace {

constexpr std::uint64_t gif_delay_max_cs = 65'535;
constexpr std::uint32_t webp_delay_max_ms = 0xff'ffff;
constexpr std::uint32_t shown_slowly_ms = 10;  // delays up to this, by browsers

}  // namespace

std::vector<std::uint32_t> gif_delays_cs(const AnimationTiming& timing) {
    std::vector<std::uint32_t> delays;
    std::uint64_t elapsed_ms = 0;
    std::uint64_t written_cs = 0;
    for (const std::uint32_t delay_ms : timing.delays_ms) {
        elapsed_ms += delay_ms;
        const std::uint64_t goal_cs = (elapsed_ms + 5) / 10;
        std::uint64_t delay_cs = goal_cs - std::min(goal_cs, written_cs);
        if (delay_ms > shown_slowly_ms) delay_cs = std::max<std::uint64_t>(delay_cs, 2);
        if (delay_cs > gif_delay_max_cs) {
            // What does not fit is lost, not given to the next frame.
            elapsed_ms -= (delay_cs - gif_delay_max_cs) * 10;
            delay_cs = gif_delay_max_cs;
        }
        written_cs += delay_cs;
        delays.push_back(static_cast<std::uint32_t>(delay_cs));
    }
    return delays;
}

std::vector<std::int32_t> webp_timestamps_ms(const AnimationTiming& timing) {
    constexpr std::uint64_t latest = std::numeric_limits<std::int32_t>::max();
    std::vector<std::int32_t> timestamps{0};
    std::uint64_t elapsed_ms = 0;
    for (const std::uint32_t delay_ms : timing.delays_ms) {
        elapsed_ms = std::min(latest, elapsed_ms + std::min(delay_ms, webp_delay_max_ms));
        timestamps.push_back(static_cast<std::int32_t>(elapsed_ms));
    }
    return timestamps;
}

}  // namespace safelight
