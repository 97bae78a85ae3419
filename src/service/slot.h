// So many at the same time, and no more.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>

#include "base/result.h"

namespace safelight {

/// One of the places that `taken` counts, given back when destroyed. Any thread may take one.
class Slot {
  public:
    Slot(Slot&& other) noexcept : taken_(std::exchange(other.taken_, nullptr)) {}
    Slot& operator=(Slot&&) = delete;
    ~Slot() {
        if (taken_ != nullptr) --*taken_;
    }

    /// `taken` outlives it. Errors: overloaded, with `text`.
    [[nodiscard]] static Result<Slot> take(std::atomic<std::uint32_t>& taken, std::uint32_t max,
                                           const char* text) {
        if (taken++ >= max) {
            --taken;
            return failure(ErrorCode::overloaded, text);
        }
        return Slot(taken);
    }

  private:
    explicit Slot(std::atomic<std::uint32_t>& taken) : taken_(&taken) {}

    std::atomic<std::uint32_t>* taken_;
};

}  // namespace safelight
