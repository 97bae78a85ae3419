// Turns a stop into something that poll() sees, so that a thread that waits for a socket wakes at once.
#pragma once

#include <stop_token>

#include "base/descriptor.h"

namespace safelight::redis {

/// One thread at a time; only `set` may be called by another.
class WakeUp {
  public:
    WakeUp();

    [[nodiscard]] int descriptor() const { return event_.get(); }
    void set();
    void clear();

  private:
    Descriptor event_;
};

/// Sets `wake_up` when a stop is asked for, for as long as this lives; cleared before and after.
class WakeOnStop {
  public:
    WakeOnStop(WakeUp& wake_up, const std::stop_token& stop)
        : cleared_(wake_up), callback_(stop, Set{wake_up}) {}

  private:
    struct Cleared {
        explicit Cleared(WakeUp& w) : wake_up(w) { wake_up.clear(); }
        ~Cleared() { wake_up.clear(); }
        Cleared(const Cleared&) = delete;
        Cleared& operator=(const Cleared&) = delete;
        WakeUp& wake_up;
    };
    struct Set {
        WakeUp& wake_up;
        void operator()() const { wake_up.set(); }
    };

    Cleared cleared_;
    std::stop_callback<Set> callback_;  // goes first: nothing sets what was cleared
};

}  // namespace safelight::redis
