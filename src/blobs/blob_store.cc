#include "blobs/blob_store.h"

namespace safelight {

std::vector<Status> BlobStore::remove_many(std::span<const BlobKey> keys) {
    std::vector<Status> statuses;
    statuses.reserve(keys.size());
    for (const BlobKey key : keys) statuses.push_back(remove(key));
    return statuses;
}

Result<BlobInfo> put(BlobStore& store, BlobKey key, std::span<const std::byte> bytes) {
    TRY_ASSIGN(const auto writer, store.create(key));
    TRY(writer->write(bytes));
    return writer->commit();
}

}  // namespace safelight
