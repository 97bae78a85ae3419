#include "worker/render_slots.h"

#include <utility>

#include "base/units.h"

namespace safelight {
namespace {

/// A larger buffer is not kept from picture to picture.
constexpr std::size_t buffer_kept_bytes = 4 * MiB;

}  // namespace

RenderSlot::RenderSlot(RenderSlot&& other) noexcept
    : slots_(std::exchange(other.slots_, nullptr)), buffer_(std::move(other.buffer_)) {}

void RenderSlot::release() {
    if (slots_ == nullptr) return;
    if (buffer_.size() > buffer_kept_bytes) buffer_ = {};
    RenderSlots& slots = *std::exchange(slots_, nullptr);
    // Notified under the lock: once it is let go, whoever waited may destroy the slots.
    const std::lock_guard lock(slots.mutex_);
    slots.free_.push_back(std::move(buffer_));
    slots.freed_.notify_one();
}

std::optional<RenderSlot> RenderSlots::take(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    if (!freed_.wait(lock, stop, [this] { return !free_.empty(); })) return std::nullopt;
    if (stop.stop_requested()) return std::nullopt;
    std::vector<std::byte> buffer = std::move(free_.back());
    free_.pop_back();
    return RenderSlot(*this, std::move(buffer));
}

}  // namespace safelight
