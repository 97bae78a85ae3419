// How far the clock of another machine is from ours, by what it answered when it was asked for the time.
#pragma once

#include <optional>
#include <span>

#include "base/clock.h"

namespace safelight {

/// One question and its answer.
struct ClockReading {
    Timestamp asked_at;  // by our clock, as answered_at
    Timestamp theirs;
    Timestamp answered_at;
    Milliseconds grain{1};  // what `theirs` was cut off to
};

struct ClockSkew {
    Milliseconds ahead{0};        // theirs, of ours; below zero: it is behind
    Milliseconds uncertainty{0};  // by so much it may be more or less: the way there and back, and the grain

    /// It is more than `bound`, either way, for certain.
    [[nodiscard]] bool exceeds(Milliseconds bound) const;
    /// It may be none at all.
    [[nodiscard]] bool is_within_uncertainty() const { return !exceeds(Milliseconds{0}); }

    bool operator==(const ClockSkew&) const = default;
};

/// By the reading that leaves least uncertain. Empty when there is none between whose question and answer our
/// own clock went forward.
[[nodiscard]] std::optional<ClockSkew> skew_of(std::span<const ClockReading> readings);

}  // namespace safelight
