// A store whose calls fail when a test says so.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "blobs/blob_store.h"

namespace safelight {

enum class BlobOperation { create, write, commit, open, read, remove, list, check };
inline constexpr std::size_t blob_operations = 8;

/// Whether a call that fails has had its effect: of a commit or a remove over a network one may not know.
enum class FaultMoment { before_effect, after_effect };

/// What is to go wrong. Any thread may call.
class FaultPlan {
  public:
    /// The `nth` call from now (1: the next one) fails, once.
    void fail(BlobOperation operation, std::uint64_t nth, Error error,
              FaultMoment moment = FaultMoment::before_effect);
    /// Every call from now on fails, until `clear`.
    void fail_always(BlobOperation operation, Error error);
    /// Reads succeed and have one bit of their first byte turned, until `clear`.
    void corrupt_reads();
    /// `hook` is called at the start of each call, on its thread, and may block: to hold a call, or to let
    /// something happen in the middle of it. Empty: none. list and check have an all-zero key.
    void before(std::function<void(BlobOperation, BlobKey)> hook);
    /// Nothing goes wrong any more. The counts of calls stay.
    void clear();

    [[nodiscard]] std::uint64_t calls(BlobOperation operation) const;

    struct Outcome {
        std::optional<Error> error;
        FaultMoment moment = FaultMoment::before_effect;
        bool corrupt = false;
    };
    /// For the store: a call begins. Runs the hook.
    [[nodiscard]] Outcome begin(BlobOperation operation, BlobKey key);

  private:
    struct Fault {
        BlobOperation operation;
        std::uint64_t at_call;  // 0: every one
        Error error;
        FaultMoment moment;
    };

    mutable std::mutex mutex_;
    std::array<std::uint64_t, blob_operations> calls_{};  // guarded by mutex_
    std::vector<Fault> faults_;                           // guarded by mutex_
    bool corrupt_reads_ = false;                          // guarded by mutex_
    std::function<void(BlobOperation, BlobKey)> hook_;    // guarded by mutex_; called without it
};

/// Behaves as `inner` but for what `plan` says. `plan` must outlive the store and all that it hands out. Its
/// sources have no descriptor(), so that no read goes past the plan.
[[nodiscard]] std::unique_ptr<BlobStore> make_faulty_store(std::unique_ptr<BlobStore> inner, FaultPlan& plan);

}  // namespace safelight
