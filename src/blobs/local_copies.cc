#include "blobs/local_copies.h"

#include <utility>
#include <vector>

#include "base/units.h"

namespace safelight {
namespace {

/// What a file takes at least, here and on the disk: bounds the number of copies, too.
constexpr std::uint64_t bytes_per_file = 4 * KiB;

}  // namespace

LocalCopies::LocalCopies(std::unique_ptr<BlobStore> folder, std::uint64_t bytes_max, telemetry::Logger& log)
    : folder_(std::move(folder)), bytes_max_(bytes_max), log_(log) {
    empty_folder();
}

LocalCopies::Writer::Writer(LocalCopies& copies, BlobKey key) : copies_(copies), key_(key) {
    if (!copies_.enter(key_)) return;
    if (!copies_.make_room(key_, bytes_per_file)) {
        give_up();
        return;
    }
    auto file = copies_.folder_->create(key_);
    if (file) {
        file_ = std::move(*file);
        return;
    }
    copies_.note_trouble(file.error());
    (void)copies_.forget(key_);
}

LocalCopies::Writer::~Writer() {
    if (file_) give_up();
}

void LocalCopies::Writer::write(std::span<const std::byte> bytes) {
    if (!file_) return;
    if (!copies_.make_room(key_, bytes.size())) return give_up();
    if (const Status written = file_->write(bytes); !written) {
        copies_.note_trouble(written.error());
        give_up();
    }
}

void LocalCopies::Writer::finish(const BlobInfo& blob) {
    if (!file_) return;
    const auto copied = file_->commit();
    file_.reset();
    if (copied && *copied == blob && copies_.mark_finished(key_)) return;
    // Dropped meanwhile, or no copy of what was stored.
    if (!copied && copied.error().code != ErrorCode::cancelled) copies_.note_trouble(copied.error());
    (void)copies_.forget(key_);
    copies_.remove_file(key_);
}

void LocalCopies::Writer::give_up() {
    file_.reset();
    (void)copies_.forget(key_);
}

std::unique_ptr<ByteSource> LocalCopies::open(BlobKey key) {
    {
        const std::lock_guard lock(mutex_);
        const auto entry = entries_.find(key);
        if (entry == entries_.end() || !entry->second.is_finished) return nullptr;
    }
    auto source = folder_->open(key);
    return source ? std::move(*source) : nullptr;
}

void LocalCopies::drop(BlobKey key) {
    if (forget(key)) remove_file(key);
}

std::uint64_t LocalCopies::size_bytes() const {
    const std::lock_guard lock(mutex_);
    return size_bytes_;
}

/// What a process left that had no time to tidy up.
void LocalCopies::empty_folder() {
    const Status emptied = folder_->list(
        [this](const BlobEntry& entry) { return folder_->remove(entry.key); }, [](const std::string&) {});
    if (!emptied) note_trouble(emptied.error());
}

/// False: the key is being copied already.
bool LocalCopies::enter(BlobKey key) {
    const std::lock_guard lock(mutex_);
    return entries_.try_emplace(key).second;
}

/// For more bytes of a copy that is being written. False: there is none, or it was dropped.
bool LocalCopies::make_room(BlobKey key, std::uint64_t bytes) {
    std::vector<BlobKey> dropped;
    bool is_room = false;
    {
        const std::lock_guard lock(mutex_);
        const auto entry = entries_.find(key);
        if (entry == entries_.end() || entry->second.size_bytes + bytes > bytes_max_) return false;
        while (size_bytes_ + bytes > bytes_max_ && !finished_.empty()) {
            dropped.push_back(finished_.front());
            forget_locked(entries_.find(dropped.back()));
        }
        is_room = size_bytes_ + bytes <= bytes_max_;
        if (is_room) {
            size_bytes_ += bytes;
            entry->second.size_bytes += bytes;
        }
    }
    for (const BlobKey oldest : dropped) remove_file(oldest);
    return is_room;
}

/// False: it was dropped meanwhile.
bool LocalCopies::mark_finished(BlobKey key) {
    const std::lock_guard lock(mutex_);
    const auto entry = entries_.find(key);
    if (entry == entries_.end()) return false;
    entry->second.is_finished = true;
    entry->second.place = finished_.insert(finished_.end(), key);
    is_in_trouble_ = false;
    return true;
}

/// Whether there was something to forget.
bool LocalCopies::forget(BlobKey key) {
    const std::lock_guard lock(mutex_);
    const auto entry = entries_.find(key);
    if (entry == entries_.end()) return false;
    forget_locked(entry);
    return true;
}

void LocalCopies::forget_locked(std::map<BlobKey, Entry>::iterator entry) {
    if (entry->second.is_finished) finished_.erase(entry->second.place);
    size_bytes_ -= entry->second.size_bytes;
    entries_.erase(entry);
}

void LocalCopies::remove_file(BlobKey key) {
    if (const Status removed = folder_->remove(key); !removed) note_trouble(removed.error());
}

void LocalCopies::note_trouble(const Error& error) {
    {
        const std::lock_guard lock(mutex_);
        if (std::exchange(is_in_trouble_, true)) return;
    }
    log_.warn("local copies failed", {{"error", name_of(error.code)}, {"detail", error.log_text}});
}

}  // namespace safelight
