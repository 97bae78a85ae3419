#include "catalog/sql/resumable_uploads.h"

namespace safelight {

ResumableUpload read_upload(Columns& columns) {
    ResumableUpload upload;
    upload.id = columns.id<UploadId>();
    upload.owner = columns.id<AccountId>();
    upload.size_bytes = columns.number<std::uint64_t>();
    upload.received_bytes = columns.number<std::uint64_t>();
    upload.parts = columns.number<std::uint32_t>();
    upload.details = columns.text();
    upload.expires_at = columns.time();
    if (!columns.next_is_null()) upload.job = columns.id<JobId>();
    return upload;
}

UploadPart read_upload_part(Columns& columns) {
    UploadPart part;
    part.offset = columns.number<std::uint64_t>();
    part.blob = columns.id<BlobKey>();
    part.size_bytes = columns.number<std::uint64_t>();
    part.sha256 = columns.sha256();
    return part;
}

}  // namespace safelight
