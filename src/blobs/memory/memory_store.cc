#include "blobs/memory/memory_store.h"

#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

namespace safelight {
namespace {

using Bytes = std::vector<std::byte>;

struct StoredBlob {
    std::shared_ptr<const Bytes> bytes;
    Timestamp modified_at;
};

struct UnfinishedWrite {
    std::uint64_t ticket = 0;  // tells this write from a later one of the same key
    std::uint64_t size_bytes = 0;
    Timestamp modified_at;
};

class SharedSource final : public ByteSource {
  public:
    explicit SharedSource(std::shared_ptr<const Bytes> bytes) : bytes_(std::move(bytes)), source_(*bytes_) {}

    [[nodiscard]] std::uint64_t size_bytes() const override { return source_.size_bytes(); }
    [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
        return source_.read_at(offset, out);
    }

  private:
    const std::shared_ptr<const Bytes> bytes_;
    MemorySource source_;
};

class MemoryStore final : public BlobStore {
  public:
    explicit MemoryStore(const Clock& clock) : clock_(clock) {}

    Result<std::unique_ptr<BlobWriter>> create(BlobKey key) override;
    Result<std::unique_ptr<ByteSource>> open(BlobKey key) override;
    Status remove(BlobKey key) override;
    Status list(const std::function<Status(const BlobEntry&)>& visit,
                const std::function<void(const std::string&)>& visit_foreign) override;
    Status check() override { return {}; }

    void note_progress(BlobKey key, std::uint64_t ticket, std::uint64_t size_bytes);
    [[nodiscard]] Status finish(BlobKey key, std::uint64_t ticket, Bytes bytes);
    void abandon(BlobKey key, std::uint64_t ticket);

  private:
    const Clock& clock_;
    std::mutex mutex_;
    std::uint64_t next_ticket_ = 1;                            // guarded by mutex_
    std::unordered_map<BlobKey, StoredBlob> blobs_;            // guarded by mutex_
    std::unordered_map<BlobKey, UnfinishedWrite> unfinished_;  // guarded by mutex_
};

std::unexpected<Error> used_after_its_end() {
    return failure(ErrorCode::internal, "Something went wrong.", "a blob writer was used after its end");
}

class MemoryWriter final : public BlobWriter {
  public:
    MemoryWriter(MemoryStore& store, BlobKey key, std::uint64_t ticket)
        : store_(store), key_(key), ticket_(ticket) {}
    ~MemoryWriter() override { store_.abandon(key_, ticket_); }

    Status write(std::span<const std::byte> bytes) override {
        if (!usable_) return used_after_its_end();
        hasher_.update(bytes);
        bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
        store_.note_progress(key_, ticket_, bytes_.size());
        return {};
    }

    Result<BlobInfo> commit() override {
        if (!usable_) return used_after_its_end();
        usable_ = false;
        const std::uint64_t size_bytes = bytes_.size();
        TRY(store_.finish(key_, ticket_, std::move(bytes_)));
        return BlobInfo{size_bytes, hasher_.finish()};
    }

  private:
    MemoryStore& store_;
    const BlobKey key_;
    const std::uint64_t ticket_;
    Bytes bytes_;
    Sha256Hasher hasher_;
    bool usable_ = true;
};

Result<std::unique_ptr<BlobWriter>> MemoryStore::create(BlobKey key) {
    const std::lock_guard lock(mutex_);
    if (blobs_.contains(key) || unfinished_.contains(key)) {
        return failure(ErrorCode::conflict, "The blob exists already.", key.to_string());
    }
    const std::uint64_t ticket = next_ticket_++;
    unfinished_.emplace(key, UnfinishedWrite{ticket, 0, clock_.now()});
    return std::make_unique<MemoryWriter>(*this, key, ticket);
}

Result<std::unique_ptr<ByteSource>> MemoryStore::open(BlobKey key) {
    const std::lock_guard lock(mutex_);
    const auto found = blobs_.find(key);
    if (found == blobs_.end()) return failure(ErrorCode::not_found, "No such blob.", key.to_string());
    return std::make_unique<SharedSource>(found->second.bytes);
}

Status MemoryStore::remove(BlobKey key) {
    const std::lock_guard lock(mutex_);
    blobs_.erase(key);
    unfinished_.erase(key);
    return {};
}

Status MemoryStore::list(const std::function<Status(const BlobEntry&)>& visit,
                         const std::function<void(const std::string&)>&) {
    std::vector<BlobEntry> entries;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [key, blob] : blobs_)
            entries.push_back({key, blob.bytes->size(), blob.modified_at, false});
        for (const auto& [key, write] : unfinished_) {
            entries.push_back({key, write.size_bytes, write.modified_at, true});
        }
    }
    for (const BlobEntry& entry : entries) TRY(visit(entry));
    return {};
}

void MemoryStore::note_progress(BlobKey key, std::uint64_t ticket, std::uint64_t size_bytes) {
    const std::lock_guard lock(mutex_);
    const auto found = unfinished_.find(key);
    if (found == unfinished_.end() || found->second.ticket != ticket) return;
    found->second = {ticket, size_bytes, clock_.now()};
}

Status MemoryStore::finish(BlobKey key, std::uint64_t ticket, Bytes bytes) {
    const std::lock_guard lock(mutex_);
    const auto found = unfinished_.find(key);
    if (found == unfinished_.end() || found->second.ticket != ticket) {
        return failure(ErrorCode::cancelled, "The write was called off.", key.to_string());
    }
    unfinished_.erase(found);
    blobs_.emplace(key, StoredBlob{std::make_shared<const Bytes>(std::move(bytes)), clock_.now()});
    return {};
}

void MemoryStore::abandon(BlobKey key, std::uint64_t ticket) {
    const std::lock_guard lock(mutex_);
    const auto found = unfinished_.find(key);
    if (found != unfinished_.end() && found->second.ticket == ticket) unfinished_.erase(found);
}

}  // namespace

std::unique_ptr<BlobStore> make_memory_store(const Clock& clock) {
    return std::make_unique<MemoryStore>(clock);
}

}  // namespace safelight
