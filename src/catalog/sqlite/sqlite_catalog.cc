#include "catalog/sqlite/sqlite_catalog.h"

#include <fmt/format.h>

#include <utility>

#include "catalog/sqlite/database_file.h"
#include "catalog/sqlite/faces.h"
#include "catalog/sqlite/migrations.h"

namespace safelight {
namespace sqlite {
namespace {

class SqliteDatabase final : public CatalogDatabase {
  public:
    SqliteDatabase(const SqliteConfig& config, std::unique_ptr<GroupWriter> writer)
        : check_timeout_(config.check_timeout),
          writer_(std::move(writer)),
          readers_(reader_options(config), config.readers),
          jobs_(make_jobs(*writer_, readers_)),
          claims_(make_claims(*writer_, readers_)),
          ledger_(make_ledger(*writer_, readers_)),
          control_(make_control(*writer_, readers_)),
          bulk_operations_(make_bulk_operations(*writer_, readers_)),
          changes_(make_changes(readers_)),
          rerenders_(make_rerenders(*writer_, readers_)),
          accounts_(make_accounts(*writer_, readers_)),
          idempotency_(make_idempotency(*writer_, readers_)),
          resumable_uploads_(make_resumable_uploads(*writer_, readers_)),
          webhooks_(make_webhooks(*writer_, readers_)),
          outbox_(make_delivery_outbox(*writer_, readers_)),
          upload_quotas_(make_upload_quotas(*writer_, readers_)),
          retention_(make_retention(*writer_, readers_)) {}

    Catalog& catalog() override { return *jobs_; }
    JobClaims& claims() override { return *claims_; }
    BlobLedger& ledger() override { return *ledger_; }
    JobControl& control() override { return *control_; }
    BulkOperations& bulk_operations() override { return *bulk_operations_; }
    JobChanges& changes() override { return *changes_; }
    Rerenders& rerenders() override { return *rerenders_; }
    Accounts& accounts() override { return *accounts_; }
    Idempotency& idempotency() override { return *idempotency_; }
    ResumableUploads& resumable_uploads() override { return *resumable_uploads_; }
    Webhooks& webhooks() override { return *webhooks_; }
    DeliveryOutbox& outbox() override { return *outbox_; }
    UploadQuotas& upload_quotas() override { return *upload_quotas_; }
    Retention& retention() override { return *retention_; }

    Status check() override {
        TRY(claims_->backlog());
        return writer_->check(check_timeout_);
    }

    Result<std::unique_ptr<JobNews>> listen(JobNewsListener&) override { return nullptr; }

  private:
    const Milliseconds check_timeout_;
    const std::unique_ptr<GroupWriter> writer_;
    ReaderPool readers_;
    const std::unique_ptr<Catalog> jobs_;
    const std::unique_ptr<JobClaims> claims_;
    const std::unique_ptr<BlobLedger> ledger_;
    const std::unique_ptr<JobControl> control_;
    const std::unique_ptr<BulkOperations> bulk_operations_;
    const std::unique_ptr<JobChanges> changes_;
    const std::unique_ptr<Rerenders> rerenders_;
    const std::unique_ptr<Accounts> accounts_;
    const std::unique_ptr<Idempotency> idempotency_;
    const std::unique_ptr<ResumableUploads> resumable_uploads_;
    const std::unique_ptr<Webhooks> webhooks_;
    const std::unique_ptr<DeliveryOutbox> outbox_;
    const std::unique_ptr<UploadQuotas> upload_quotas_;
    const std::unique_ptr<Retention> retention_;
};

Status require_usable_schema(const SqliteConfig& config) {
    TRY_ASSIGN(const auto connection, Connection::open(reader_options(config)));
    TRY_ASSIGN(const SchemaVersion schema, schema_version(*connection));
    return require_usable(schema, newest_version(migrations()));
}

}  // namespace
}  // namespace sqlite

Status SqliteConfig::validate() const {
    std::vector<Fault> faults;
    const auto require = [&faults](bool holds, const char* field, const char* detail) {
        if (!holds) faults.push_back({fmt::format("/{}", field), detail});
    };
    require(!path.empty(), "path", "The path of the catalog's file is missing.");
    require(busy_timeout.count() >= 1 && busy_timeout.count() <= 600'000, "busy_timeout",
            "The busy timeout is 1 ms to 10 minutes.");
    require(check_timeout.count() >= 1 && check_timeout.count() <= 600'000, "check_timeout",
            "The check timeout is 1 ms to 10 minutes.");
    require(readers >= 1 && readers <= 256, "readers", "There are 1 to 256 read connections.");
    require(write_queue_max >= 1 && write_queue_max <= 1'000'000, "write_queue_max",
            "1 to 1,000,000 writes may wait.");
    require(writer_cache_kib >= 64 && writer_cache_kib <= 16'777'216, "writer_cache_kib",
            "The writer's cache is 64 KiB to 16 GiB.");
    require(reader_cache_kib >= 64 && reader_cache_kib <= 16'777'216, "reader_cache_kib",
            "A reader's cache is 64 KiB to 16 GiB.");
    require(checkpoint_pages >= 10 && checkpoint_pages <= 1'000'000, "checkpoint_pages",
            "The log is moved into the file every 10 to 1,000,000 pages.");
    if (!faults.empty()) return invalid(std::move(faults));
    return {};
}

Result<std::unique_ptr<CatalogDatabase>> open_sqlite_catalog(const SqliteConfig& config) {
    TRY(config.validate());
    TRY(sqlite::require_usable_schema(config));
    TRY_ASSIGN(auto writer, sqlite::GroupWriter::start({.connection = sqlite::writer_options(config),
                                                        .queue_max = config.write_queue_max}));
    return std::make_unique<sqlite::SqliteDatabase>(config, std::move(writer));
}

Result<std::unique_ptr<CatalogDatabase>> migrate_and_open_sqlite_catalog(const SqliteConfig& config,
                                                                         const Clock& clock) {
    TRY_ASSIGN(const auto migrator, make_sqlite_migrator(config, clock));
    TRY(migrator->up());
    return open_sqlite_catalog(config);
}

}  // namespace safelight
