// How long is waited between the attempts of a delivery.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace safelight {

/// Immutable; any thread.
class RetrySchedule {
  public:
    /// About a day in all.
    RetrySchedule();
    /// Not empty.
    explicit RetrySchedule(std::vector<Milliseconds> pauses) : pauses_(std::move(pauses)) {}

    /// "5s,30s,2m": 1 to 30 times from 1 ms to 7 d. Empty when it is nothing of that.
    [[nodiscard]] static std::optional<RetrySchedule> parse(std::string_view text);
    [[nodiscard]] std::string to_text() const;

    /// How often a delivery is sent before it is given up.
    [[nodiscard]] std::uint32_t attempts_max() const {
        return static_cast<std::uint32_t>(pauses_.size()) + 1;
    }

    /// After the `failures`-th failed attempt (1: the first), spread by ±20 %: `fraction` in [0, 1) places
    /// it. The last pause stands for all that would follow.
    [[nodiscard]] Milliseconds pause(std::uint32_t failures, double fraction) const;

    bool operator==(const RetrySchedule&) const = default;

  private:
    std::vector<Milliseconds> pauses_;
};

}  // namespace safelight
