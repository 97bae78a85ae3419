#include "service/probe_gate.h"

#include <utility>

namespace safelight {

ProbeGate::Turn::Turn(Turn&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}

ProbeGate::Turn::~Turn() {
    if (gate_ == nullptr) return;
    // Notified under the lock: once it is let go, whoever waited may destroy the gate.
    const std::lock_guard lock(gate_->mutex_);
    ++gate_->free_;
    gate_->freed_.notify_one();
}

Result<ProbeGate::Turn> ProbeGate::enter(Milliseconds wait) {
    std::unique_lock lock(mutex_);
    if (!freed_.wait_for(lock, wait, [this] { return free_ > 0; })) {
        return failure(ErrorCode::overloaded, "Too many pictures are being looked at. Try again later.");
    }
    --free_;
    return Turn(*this);
}

}  // namespace safelight
