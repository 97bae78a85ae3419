#include "base/clock_skew.h"

namespace safelight {
namespace {

constexpr Milliseconds our_grain{1};

/// The other clock was read at some moment between the question and the answer.
ClockSkew skew_by(const ClockReading& reading) {
    const Milliseconds least = reading.theirs - (reading.answered_at + our_grain);
    const Milliseconds most = reading.theirs + reading.grain - reading.asked_at;
    return {.ahead = (least + most) / 2, .uncertainty = (most - least + Milliseconds{1}) / 2};
}

}  // namespace

bool ClockSkew::exceeds(Milliseconds bound) const {
    return std::chrono::abs(ahead) - uncertainty > bound;
}

std::optional<ClockSkew> skew_of(std::span<const ClockReading> readings) {
    std::optional<ClockSkew> best;
    for (const ClockReading& reading : readings) {
        if (reading.answered_at < reading.asked_at) continue;  // our clock was set meanwhile
        const ClockSkew skew = skew_by(reading);
        if (!best || skew.uncertainty < best->uncertainty) best = skew;
    }
    return best;
}

}  // namespace safelight
