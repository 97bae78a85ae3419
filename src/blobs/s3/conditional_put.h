// Whether the store refuses to overwrite when it is asked to.
#pragma once

#include <atomic>

#include "blobs/s3/s3_config.h"

namespace safelight::s3 {

/// What is configured, or has been found out since. Any thread may call.
class ConditionalPut {
  public:
    explicit ConditionalPut(ConditionalWrites configured) : state_(configured) {}

    /// The header may be sent: the store may heed it.
    [[nodiscard]] bool is_asked_for() const { return state_ != ConditionalWrites::never; }
    /// The store is known to heed it: no HEAD is needed.
    [[nodiscard]] bool is_sure() const { return state_ == ConditionalWrites::always; }
    void is_heeded() { learn(ConditionalWrites::always); }
    void is_ignored() { learn(ConditionalWrites::never); }

  private:
    /// Only from "not known": what is configured is not argued with.
    void learn(ConditionalWrites found) {
        auto expected = ConditionalWrites::detect;
        state_.compare_exchange_strong(expected, found);
    }

    std::atomic<ConditionalWrites> state_;
};

}  // namespace safelight::s3
