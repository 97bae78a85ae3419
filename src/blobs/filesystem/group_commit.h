// Gives finished files their names, durably. Those that come while others are under way go together, and
// share what the disk has to do.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "blobs/filesystem/posix_file.h"

namespace safelight {

/// Any thread may call. There is no thread of its own: whoever comes first does the work of a group, and
/// somebody of those who came meanwhile that of the next one.
class GroupCommit {
  public:
    /// `root` outlives it.
    explicit GroupCommit(const posix::Descriptor& root) : root_(root) {}
    GroupCommit(const GroupCommit&) = delete;
    GroupCommit& operator=(const GroupCommit&) = delete;

    /// The unfinished file of `key`, of `size_bytes`, is synced and gets its final name, and the folder is
    /// synced; each file succeeds or fails by itself. Blocks. Errors: as BlobWriter::commit; the blob is not
    /// visible then.
    [[nodiscard]] Status commit(BlobKey key, posix::Descriptor file, std::uint64_t size_bytes);

    /// How many groups there were so far: fewer than files, when some came together.
    [[nodiscard]] std::uint64_t groups() const {
        const std::lock_guard lock(mutex_);
        return groups_;
    }

  private:
    struct Member {
        BlobKey key;
        posix::Descriptor file;  // open: to be synced
        Status status;
        bool is_done = false;  // guarded by mutex_, as leads
        bool leads = false;    // the next group is this one's to do
        std::condition_variable changed;
    };
    using Group = std::vector<Member*>;

    void lead(std::unique_lock<std::mutex>& lock);
    void perform(const Group& group) const;
    void perform_in_folder(const std::string& folder_name, const Group& group) const;

    const posix::Descriptor& root_;
    mutable std::mutex mutex_;
    std::deque<Member*> waiting_;  // guarded by mutex_
    bool is_led_ = false;          // guarded by mutex_
    std::uint64_t groups_ = 0;     // guarded by mutex_
};

}  // namespace safelight
