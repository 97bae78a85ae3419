// The keys that this process is writing: of two writers here the first one wins, and a removal here reaches a
// writer of which the store knows nothing yet.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "base/ids.h"

namespace safelight::s3 {

/// Any thread may call; never blocks for long.
class WritesInProgress {
  public:
    /// One key being written, until it is destroyed. Empty (false) when another writer has the key.
    class Place {
      public:
        Place() = default;
        Place(WritesInProgress& writes, BlobKey key, std::shared_ptr<std::atomic<bool>> removed)
            : writes_(&writes), key_(key), removed_(std::move(removed)) {}
        ~Place() {
            if (writes_ != nullptr) writes_->leave(key_, removed_);
        }
        Place(Place&& other) noexcept
            : writes_(std::exchange(other.writes_, nullptr)),
              key_(other.key_),
              removed_(std::move(other.removed_)) {}
        Place& operator=(Place&&) = delete;

        explicit operator bool() const { return writes_ != nullptr; }
        /// The key was removed since.
        [[nodiscard]] bool is_removed() const { return removed_->load(); }

      private:
        WritesInProgress* writes_ = nullptr;
        BlobKey key_;
        std::shared_ptr<std::atomic<bool>> removed_;
    };

    [[nodiscard]] Place enter(BlobKey key) {
        const std::lock_guard lock(mutex_);
        auto removed = std::make_shared<std::atomic<bool>>(false);
        if (!removed_by_key_.emplace(key, removed).second) return {};
        return Place(*this, key, std::move(removed));
    }

    /// The key's writer learns of it, and the key is free.
    void remove(BlobKey key) {
        const std::lock_guard lock(mutex_);
        const auto found = removed_by_key_.find(key);
        if (found == removed_by_key_.end()) return;
        found->second->store(true);
        removed_by_key_.erase(found);
    }

  private:
    void leave(BlobKey key, const std::shared_ptr<std::atomic<bool>>& removed) {
        const std::lock_guard lock(mutex_);
        const auto found = removed_by_key_.find(key);
        if (found != removed_by_key_.end() && found->second == removed) removed_by_key_.erase(found);
    }

    std::mutex mutex_;
    std::map<BlobKey, std::shared_ptr<std::atomic<bool>>> removed_by_key_;  // guarded by mutex_
};

}  // namespace safelight::s3
