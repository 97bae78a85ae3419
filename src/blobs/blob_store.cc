#include "blobs/blob_store.h"

namespace safelight {

Result<BlobInfo> put(BlobStore& store, BlobKey key, std::span<const std::byte> bytes) {
    TRY_ASSIGN(const auto writer, store.create(key));
    TRY(writer->write(bytes));
    return writer->commit();
}

}  // namespace safelight
