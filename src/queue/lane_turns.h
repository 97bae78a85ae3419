// In which order receivers look at the lanes.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "base/lane.h"

namespace safelight {

/// The more urgent lanes first, mostly, and the overflow behind them; but each lane comes first now and then,
/// so that none waits for ever. Of 32 looks 24 begin with `interactive`, 4 with `normal`, and one each with
/// the others. Any thread may call.
class LaneTurns {
  public:
    using Order = std::array<Lane, all_lanes.size()>;

    [[nodiscard]] Order next();

  private:
    std::atomic<std::uint32_t> looks_ = 0;
};

}  // namespace safelight
