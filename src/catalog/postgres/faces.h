// The interfaces of the catalog over one pool of connections that write, and a way to read.
#pragma once

#include <memory>
#include <string>

#include "catalog/catalog.h"
#include "catalog/job_news.h"
#include "catalog/postgres/news_sender.h"
#include "catalog/postgres/pool.h"
#include "catalog/postgres/reads.h"

namespace safelight::postgres {

/// What is passed must outlive what is made.
[[nodiscard]] std::unique_ptr<Catalog> make_jobs(Pool& pool, Reads& reads, NewsSender& news);
[[nodiscard]] std::unique_ptr<JobClaims> make_claims(Pool& pool, NewsSender& news);
[[nodiscard]] std::unique_ptr<BlobLedger> make_ledger(Pool& pool);
[[nodiscard]] std::unique_ptr<JobControl> make_control(Pool& pool, NewsSender& news);
[[nodiscard]] std::unique_ptr<BulkOperations> make_bulk_operations(Pool& pool, NewsSender& news);
[[nodiscard]] std::unique_ptr<JobChanges> make_changes(Pool& pool);
[[nodiscard]] std::unique_ptr<Rerenders> make_rerenders(Pool& pool, NewsSender& news);
[[nodiscard]] std::unique_ptr<Accounts> make_accounts(Pool& pool);
[[nodiscard]] std::unique_ptr<Idempotency> make_idempotency(Pool& pool);
[[nodiscard]] std::unique_ptr<ResumableUploads> make_resumable_uploads(Pool& pool);
[[nodiscard]] std::unique_ptr<Webhooks> make_webhooks(Pool& pool);
[[nodiscard]] std::unique_ptr<DeliveryOutbox> make_delivery_outbox(Pool& pool);
[[nodiscard]] std::unique_ptr<UploadQuotas> make_upload_quotas(Pool& pool);
[[nodiscard]] std::unique_ptr<Retention> make_retention(Pool& pool, NewsSender& news,
                                                        Milliseconds clock_ahead_max);

/// What `own_node` sends is not told. Errors: unavailable (no descriptors).
[[nodiscard]] Result<std::unique_ptr<JobNews>> make_job_news(ConnectionOptions options, std::string own_node,
                                                             JobNewsListener& listener);

}  // namespace safelight::postgres
