// The interfaces of the catalog over one writer and one pool of readers.
#pragma once

#include <memory>

#include "catalog/catalog.h"
#include "catalog/sqlite/group_writer.h"
#include "catalog/sqlite/reader_pool.h"

namespace safelight::sqlite {

/// `writer` and `readers` must outlive what is made.
[[nodiscard]] std::unique_ptr<Catalog> make_jobs(GroupWriter& writer, ReaderPool& readers);
[[nodiscard]] std::unique_ptr<JobClaims> make_claims(GroupWriter& writer, ReaderPool& readers);
[[nodiscard]] std::unique_ptr<BlobLedger> make_ledger(GroupWriter& writer, ReaderPool& readers);
[[nodiscard]] std::unique_ptr<JobControl> make_control(GroupWriter& writer, ReaderPool& readers);
[[nodiscard]] std::unique_ptr<BulkOperations> make_bulk_operations(GroupWriter& writer, ReaderPool& readers);
[[nodiscard]] std::unique_ptr<JobChanges> make_changes(ReaderPool& readers);
[[nodiscard]] std::unique_ptr<Rerenders> make_rerenders(GroupWriter& writer, ReaderPool& readers);
[[nodiscard]] std::unique_ptr<Accounts> make_accounts(GroupWriter& writer, ReaderPool& readers);
[[nodiscard]] std::unique_ptr<Idempotency> make_idempotency(GroupWriter& writer, ReaderPool& readers);
[[nodiscard]] std::unique_ptr<ResumableUploads> make_resumable_uploads(GroupWriter& writer,
                                                                       ReaderPool& readers);
[[nodiscard]] std::unique_ptr<Webhooks> make_webhooks(GroupWriter& writer, ReaderPool& readers);
[[nodiscard]] std::unique_ptr<DeliveryOutbox> make_delivery_outbox(GroupWriter& writer, ReaderPool& readers);
[[nodiscard]] std::unique_ptr<UploadQuotas> make_upload_quotas(GroupWriter& writer, ReaderPool& readers);
[[nodiscard]] std::unique_ptr<Retention> make_retention(GroupWriter& writer, ReaderPool& readers);

}  // namespace safelight::sqlite
