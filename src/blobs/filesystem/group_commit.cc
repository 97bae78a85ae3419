#include "blobs/filesystem/group_commit.h"

#include <exception>
#include <map>
#include <string>
#include <utility>

#include "blobs/filesystem/layout.h"

namespace safelight {
namespace {

constexpr std::size_t group_max = 64;

/// A larger file is synced by who wrote it, so that small ones do not wait for its bytes.
constexpr std::uint64_t shared_bytes_max = 1'024 * 1'024;

Status sync_and_rename(const posix::Descriptor& folder, BlobKey key, posix::Descriptor& file) {
    const std::string unfinished = layout::unfinished_name(key);
    if (file.is_open()) TRY(posix::sync(file, unfinished));
    file.close();
    return posix::rename_new(folder, unfinished.c_str(), layout::blob_name(key).c_str());
}

}  // namespace

Status GroupCommit::commit(BlobKey key, posix::Descriptor file, std::uint64_t size_bytes) {
    if (size_bytes > shared_bytes_max) {
        TRY(posix::sync(file, layout::unfinished_name(key)));
        file.close();
    }
    Member member{.key = key, .file = std::move(file), .status = {}, .changed = {}};
    std::unique_lock lock(mutex_);
    waiting_.push_back(&member);
    member.leads = !std::exchange(is_led_, true);
    member.changed.wait(lock, [&] { return member.is_done || member.leads; });
    if (member.leads) lead(lock);
    return std::move(member.status);
}

/// The first group that waits, to which the leader belongs.
void GroupCommit::lead(std::unique_lock<std::mutex>& lock) {
    ++groups_;
    Group group;
    while (!waiting_.empty() && group.size() < group_max) {
        group.push_back(waiting_.front());
        waiting_.pop_front();
    }
    lock.unlock();
    try {
        perform(group);
    } catch (const std::exception& exception) {
        // Whoever waits has to be told. What was renamed and not synced is removed with its key.
        for (Member* member : group)
            member->status = failure(ErrorCode::internal, "Something went wrong.", exception.what());
    }
    lock.lock();
    for (Member* member : group) {
        member->is_done = true;
        member->changed.notify_one();
    }
    is_led_ = !waiting_.empty();
    if (!is_led_) return;
    waiting_.front()->leads = true;
    waiting_.front()->changed.notify_one();
}

void GroupCommit::perform(const Group& group) const {
    std::map<std::string, Group> by_folder;
    for (Member* member : group) by_folder[layout::folder_of(member->key)].push_back(member);
    // All are on their way to the disk before the first is waited for.
    for (Member* member : group) {
        if (group.size() > 1 && member->file.is_open()) posix::start_writing(member->file);
    }
    for (const auto& [folder_name, members] : by_folder) perform_in_folder(folder_name, members);
}

void GroupCommit::perform_in_folder(const std::string& folder_name, const Group& group) const {
    // Opened first: when there is no descriptor left for it, that shows before anything is visible.
    auto folder = posix::open_folder(root_, folder_name.c_str());
    Group renamed;
    for (Member* member : group) {
        member->status = folder ? sync_and_rename(*folder, member->key, member->file)
                                : Status(std::unexpected(folder.error()));
        if (member->status) renamed.push_back(member);
    }
    if (renamed.empty()) return;
    const Status synced = posix::sync(*folder, folder_name);
    if (synced) return;
    for (Member* member : renamed) {
        posix::try_unlink_at(*folder, layout::blob_name(member->key).c_str());
        member->status = synced;
    }
}

}  // namespace safelight
