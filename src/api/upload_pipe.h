// From the I/O thread into Ingest: every call of an Upload, its destruction included, is made on the pool.
#pragma once

#include <memory>
#include <optional>
#include <span>

#include "base/sha256.h"
#include "base/thread_pool.h"
#include "http/task.h"
#include "service/ingest.h"

namespace safelight {

/// One coroutine at a time. Await `abandon` unless `finish` returned a job.
class UploadPipe {
  public:
    struct Piece {
        std::span<const std::byte> picture;  // may be empty
        std::span<const std::byte> body;     // the bytes as they came, when expect_body was called
    };

    /// What is passed in outlives it.
    UploadPipe(ThreadPool& pool, Ingest& ingest, AccountId owner)
        : pool_(pool), ingest_(ingest), owner_(owner) {}

    /// The digest of everything that is passed as `body`. Before the first write.
    void expect_body(const Sha256& digest);

    /// Errors: those of Ingest::begin and Upload::write; overloaded.
    [[nodiscard]] http::Task<Status> write(Piece piece);

    /// Errors: those of write and Upload::finish; digest_mismatch.
    [[nodiscard]] http::Task<Result<Job>> finish(Piece piece, const UploadDetails& details);

    [[nodiscard]] http::Task<void> abandon();

  private:
    Status push(const Piece& piece);
    Result<Job> push_last(const Piece& piece, const UploadDetails& details);

    ThreadPool& pool_;
    Ingest& ingest_;
    const AccountId owner_;
    std::unique_ptr<Upload> upload_;  // from the first byte of the picture to the job
    std::optional<Sha256> expected_;
    std::optional<Sha256Hasher> hasher_;
};

}  // namespace safelight
