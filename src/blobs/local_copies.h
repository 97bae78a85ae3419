// Copies, on this machine and for a while, of blobs that were just written to a store elsewhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <span>

#include "base/byte_source.h"
#include "base/ids.h"
#include "blobs/blob_store.h"
#include "telemetry/log.h"

namespace safelight {

/// A copy is a convenience: it may be gone at any time, and no call fails because one cannot be made or read.
/// Any thread may call, concurrently; calls block for a file.
class LocalCopies {
  public:
    /// `folder` holds copies and nothing else; what is in it goes now. All together have at most `bytes_max`,
    /// 4 KiB for each file included: the oldest make room. `log` outlives it, and it all that it hands out.
    LocalCopies(std::unique_ptr<BlobStore> folder, std::uint64_t bytes_max, telemetry::Logger& log);
    LocalCopies(const LocalCopies&) = delete;
    LocalCopies& operator=(const LocalCopies&) = delete;

    /// A copy that is being written. One thread at a time. Destroyed unfinished, it leaves nothing behind.
    class Writer {
      public:
        Writer(LocalCopies& copies, BlobKey key);
        ~Writer();
        Writer(const Writer&) = delete;
        Writer& operator=(const Writer&) = delete;

        void write(std::span<const std::byte> bytes);
        /// The blob itself is committed as `blob`: a copy that is the same can be opened from now on.
        void finish(const BlobInfo& blob);

      private:
        void give_up();

        LocalCopies& copies_;
        const BlobKey key_;
        std::unique_ptr<BlobWriter> file_;  // none once the copy has been given up or finished
    };

    /// Empty when there is no copy. Damage is not looked for.
    [[nodiscard]] std::unique_ptr<ByteSource> open(BlobKey key);

    /// The copy is not needed any more; one that is being written will not be finished.
    void drop(BlobKey key);

    /// Of all copies, with those that are being written.
    [[nodiscard]] std::uint64_t size_bytes() const;

  private:
    struct Entry {
        std::uint64_t size_bytes = 0;
        bool is_finished = false;
        std::list<BlobKey>::iterator place = {};  // in finished_, when it is
    };

    void empty_folder();
    [[nodiscard]] bool enter(BlobKey key);
    [[nodiscard]] bool make_room(BlobKey key, std::uint64_t bytes);
    [[nodiscard]] bool mark_finished(BlobKey key);
    [[nodiscard]] bool forget(BlobKey key);
    void forget_locked(std::map<BlobKey, Entry>::iterator entry);
    void remove_file(BlobKey key);
    void note_trouble(const Error& error);

    const std::unique_ptr<BlobStore> folder_;
    const std::uint64_t bytes_max_;
    telemetry::Logger& log_;
    mutable std::mutex mutex_;  // guards all below; never held while a file is touched
    std::map<BlobKey, Entry> entries_;
    std::list<BlobKey> finished_;  // the oldest first
    std::uint64_t size_bytes_ = 0;
    bool is_in_trouble_ = false;  // so that a full disk is told once, and not with each upload
};

/// `inner`, of whose removals the copies learn. `copies` outlives it.
[[nodiscard]] std::unique_ptr<BlobStore> make_copy_dropping_store(std::unique_ptr<BlobStore> inner,
                                                                  LocalCopies& copies);

/// `inner`, whose blobs are copied while they are written through here, and read from their copies where
/// there are any. `inner` and `copies` outlive it.
[[nodiscard]] std::unique_ptr<BlobStore> make_copying_store(BlobStore& inner, LocalCopies& copies);

}  // namespace safelight
