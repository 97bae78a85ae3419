// How long a store that is asked for many things is asked on.
#pragma once

#include "base/result.h"

namespace safelight::s3 {

/// A key that cannot be removed must not keep others from it; but a store that is away would let each of a
/// thousand wait for its time to run out. One thread at a time.
class Endurance {
  public:
    /// What `call` returns; untried, the last failure once several calls in a row have failed.
    template <class Call>
    [[nodiscard]] Status attempt(Call call) {
        if (failures_ == failures_max) return last_;
        Status status = call();
        failures_ = status ? 0 : failures_ + 1;
        if (!status) last_ = status;
        return status;
    }

  private:
    static constexpr int failures_max = 3;
    int failures_ = 0;  // in a row
    Status last_;
};

}  // namespace safelight::s3
