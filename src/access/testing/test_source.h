// A source of keys that says what a test wants, and counts how often it was asked.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>

#include "access/jwks_source.h"

namespace safelight::testing {

/// What the test holds on to: the source itself is the keeper's.
struct SourceState {
    std::mutex mutex;
    std::condition_variable changed;
    Result<std::string> answer = failure(ErrorCode::unavailable, "away", "nobody there");  // guarded by mutex
    bool held = false;                                                                     // guarded by mutex
    std::atomic<int> reads = 0;

    void set(Result<std::string> next) {
        const std::lock_guard lock(mutex);
        answer = std::move(next);
    }
    void hold(bool on) {
        {
            const std::lock_guard lock(mutex);
            held = on;
        }
        changed.notify_all();
    }
};

class TestSource final : public JwksSource {
  public:
    explicit TestSource(SourceState& state) : state_(state) {}

    Result<std::string> read() override {
        ++state_.reads;
        state_.reads.notify_all();
        std::unique_lock lock(state_.mutex);
        state_.changed.wait(lock, [this] { return !state_.held; });
        return state_.answer;
    }

  private:
    SourceState& state_;
};

}  // namespace safelight::testing
