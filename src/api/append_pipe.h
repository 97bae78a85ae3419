// From the I/O thread into ResumableIngest: every call of an UploadAppend, its destruction included, is made
// on the pool.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/checksum.h"
#include "base/sha256.h"
#include "base/thread_pool.h"
#include "http/task.h"
#include "service/resumable_ingest.h"

namespace safelight {

/// One coroutine at a time. Await one of finish, keep and abandon at the end. What is passed in outlives it.
/// With a `hasher` it is fed what goes by. What ends the upload, which may take long, runs on `ending_pool`.
class AppendPipe {
  public:
    AppendPipe(ThreadPool& pool, ThreadPool& ending_pool, ResumableIngest& ingest,
               const ResumableUpload& upload, const std::optional<Checksum>& checksum, Sha256Hasher* hasher)
        : pool_(pool),
          ending_pool_(ending_pool),
          ingest_(ingest),
          upload_(upload),
          checksum_(checksum),
          hasher_(hasher) {}

    /// Errors: those of ResumableIngest::append and UploadAppend::write; overloaded.
    [[nodiscard]] http::Task<Status> write(std::span<const std::byte> bytes);

    /// Errors: those of write and UploadAppend::finish.
    [[nodiscard]] http::Task<Result<UploadProgress>> finish(std::span<const std::byte> last,
                                                            const UploadDetails& details);

    /// What came before and `last`, as far as it can be kept.
    [[nodiscard]] http::Task<void> keep(std::span<const std::byte> last);

    [[nodiscard]] http::Task<void> abandon();

  private:
    Status push(std::span<const std::byte> bytes);
    Result<UploadProgress> push_last(std::span<const std::byte> last, const UploadDetails& details);

    ThreadPool& pool_;
    ThreadPool& ending_pool_;
    ResumableIngest& ingest_;
    const ResumableUpload& upload_;
    const std::optional<Checksum>& checksum_;
    Sha256Hasher* const hasher_;
    std::uint64_t received_bytes_ = upload_.received_bytes;
    std::unique_ptr<UploadAppend> append_;
};

}  // namespace safelight
