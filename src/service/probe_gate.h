// Bounds how many pictures are probed at the same time, and how long an upload waits for its turn.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "base/clock.h"
#include "base/result.h"

namespace safelight {

/// Any thread may call.
class ProbeGate {
  public:
    explicit ProbeGate(std::uint32_t turns) : free_(turns) {}

    /// A turn, given back when destroyed. Must not outlive the gate.
    class Turn {
      public:
        explicit Turn(ProbeGate& gate) : gate_(&gate) {}
        Turn(Turn&& other) noexcept;
        Turn& operator=(Turn&&) = delete;
        ~Turn();

      private:
        ProbeGate* gate_;
    };

    /// Blocks up to `wait`. Errors: overloaded.
    [[nodiscard]] Result<Turn> enter(Milliseconds wait);

  private:
    std::mutex mutex_;
    std::condition_variable freed_;
    std::uint32_t free_;  // guarded by mutex_
};

}  // namespace safelight
