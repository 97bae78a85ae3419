#include <utility>

#include "blobs/local_copies.h"

namespace safelight {
namespace {

class CopyDroppingStore final : public BlobStore {
  public:
    CopyDroppingStore(std::unique_ptr<BlobStore> inner, LocalCopies& copies)
        : inner_(std::move(inner)), copies_(copies) {}

    Result<std::unique_ptr<BlobWriter>> create(BlobKey key) override { return inner_->create(key); }
    Result<std::unique_ptr<ByteSource>> open(BlobKey key) override { return inner_->open(key); }
    Status remove(BlobKey key) override {
        copies_.drop(key);
        return inner_->remove(key);
    }
    std::vector<Status> remove_many(std::span<const BlobKey> keys) override {
        for (const BlobKey key : keys) copies_.drop(key);
        return inner_->remove_many(keys);
    }
    Status list(const std::function<Status(const BlobEntry&)>& visit,
                const std::function<void(const std::string&)>& visit_foreign) override {
        return inner_->list(visit, visit_foreign);
    }
    Status check() override { return inner_->check(); }

  private:
    const std::unique_ptr<BlobStore> inner_;
    LocalCopies& copies_;
};

class CopyingWriter final : public BlobWriter {
  public:
    CopyingWriter(std::unique_ptr<BlobWriter> inner, LocalCopies& copies, BlobKey key)
        : inner_(std::move(inner)), copy_(copies, key) {}

    Status write(std::span<const std::byte> bytes) override {
        TRY(inner_->write(bytes));
        copy_.write(bytes);
        return {};
    }
    Result<BlobInfo> commit() override {
        TRY_ASSIGN(const BlobInfo info, inner_->commit());
        copy_.finish(info);
        return info;
    }

  private:
    const std::unique_ptr<BlobWriter> inner_;
    LocalCopies::Writer copy_;
};

class CopyingStore final : public BlobStore {
  public:
    CopyingStore(BlobStore& inner, LocalCopies& copies) : inner_(inner), copies_(copies) {}

    Result<std::unique_ptr<BlobWriter>> create(BlobKey key) override {
        TRY_ASSIGN(auto writer, inner_.create(key));
        return std::make_unique<CopyingWriter>(std::move(writer), copies_, key);
    }
    Result<std::unique_ptr<ByteSource>> open(BlobKey key) override {
        if (auto copy = copies_.open(key)) return copy;
        return inner_.open(key);
    }
    Status remove(BlobKey key) override { return inner_.remove(key); }
    std::vector<Status> remove_many(std::span<const BlobKey> keys) override {
        return inner_.remove_many(keys);
    }
    Status list(const std::function<Status(const BlobEntry&)>& visit,
                const std::function<void(const std::string&)>& visit_foreign) override {
        return inner_.list(visit, visit_foreign);
    }
    Status check() override { return inner_.check(); }

  private:
    BlobStore& inner_;
    LocalCopies& copies_;
};

}  // namespace

std::unique_ptr<BlobStore> make_copy_dropping_store(std::unique_ptr<BlobStore> inner, LocalCopies& copies) {
    return std::make_unique<CopyDroppingStore>(std::move(inner), copies);
}

std::unique_ptr<BlobStore> make_copying_store(BlobStore& inner, LocalCopies& copies) {
    return std::make_unique<CopyingStore>(inner, copies);
}

}  // namespace safelight
