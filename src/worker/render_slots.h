// How many pictures are rendered at the same time: as many as the processors can work on. Jobs in hand are
// more, for storing and committing is waiting for a disk.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

namespace safelight {

class RenderSlots;

/// One of the slots, given back when released or destroyed. Must not outlive RenderSlots. One thread at a
/// time.
class RenderSlot {
  public:
    RenderSlot(RenderSlot&& other) noexcept;
    RenderSlot& operator=(RenderSlot&&) = delete;
    ~RenderSlot() { release(); }

    /// For the bytes of an original. Its memory goes on to whoever has the slot next.
    [[nodiscard]] std::vector<std::byte>& buffer() { return buffer_; }

    /// Idempotent. `buffer` must not be used any more.
    void release();

  private:
    friend class RenderSlots;
    RenderSlot(RenderSlots& slots, std::vector<std::byte> buffer)
        : slots_(&slots), buffer_(std::move(buffer)) {}

    RenderSlots* slots_;
    std::vector<std::byte> buffer_;
};

/// Any thread may call.
class RenderSlots {
  public:
    explicit RenderSlots(std::uint32_t count) : free_(count) {}

    /// Blocks until one is free. Empty when `stop` was requested.
    [[nodiscard]] std::optional<RenderSlot> take(const std::stop_token& stop);

  private:
    friend class RenderSlot;

    std::mutex mutex_;
    std::condition_variable_any freed_;
    std::vector<std::vector<std::byte>> free_;  // the buffers of the slots that nobody has; guarded by mutex_
};

}  // namespace safelight
