#include "catalog/postgres/postgres_catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/random.h"
#include "catalog/postgres/faces.h"
#include "catalog/postgres/migrations.h"

namespace safelight {
namespace postgres {
namespace {

Pool::Options primary_options(const PostgresConfig& config) {
    return {.connection = options_of(config), .connections = config.connections, .wait = config.pool_timeout};
}

/// How long is waited for a standby that is there: the primary has the answer as well.
constexpr Milliseconds standby_patience{2'000};

std::unique_ptr<Pool> make_standby(const PostgresConfig& config) {
    if (config.read_url.empty()) return nullptr;
    Pool::Options options = primary_options(config);
    options.connection = standby_options(config);
    options.connection.statement_timeout = std::min(config.statement_timeout, standby_patience);
    options.wait = std::min(config.pool_timeout, standby_patience);
    options.repetitions_max = 0;
    return std::make_unique<Pool>(std::move(options));
}

/// For telling processes apart.
std::string random_word() {
    std::uint64_t number = 0;
    fill_random({reinterpret_cast<std::uint8_t*>(&number), sizeof number});
    return fmt::format("{:016x}", number);
}

class PostgresDatabase final : public CatalogDatabase {
  public:
    explicit PostgresDatabase(const PostgresConfig& config)
        : check_timeout_(config.check_timeout),
          options_(options_of(config)),
          pool_(primary_options(config)),
          reads_(pool_, make_standby(config)),
          news_(options_, random_word()),
          jobs_(make_jobs(pool_, reads_, news_)),
          claims_(make_claims(pool_, news_)),
          ledger_(make_ledger(pool_)),
          control_(make_control(pool_, news_)),
          bulk_operations_(make_bulk_operations(pool_, news_)),
          changes_(make_changes(pool_)),
          rerenders_(make_rerenders(pool_, news_)),
          accounts_(make_accounts(pool_)),
          idempotency_(make_idempotency(pool_)),
          resumable_uploads_(make_resumable_uploads(pool_)),
          webhooks_(make_webhooks(pool_)),
          outbox_(make_delivery_outbox(pool_)),
          upload_quotas_(make_upload_quotas(pool_)),
          retention_(make_retention(pool_, news_, config.clock_ahead_max)) {}

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
    Status check() override { return pool_.check(check_timeout_); }
    Result<std::unique_ptr<JobNews>> listen(JobNewsListener& listener) override {
        return make_job_news(options_, news_.node(), listener);
    }

  private:
    const Milliseconds check_timeout_;
    const ConnectionOptions options_;
    Pool pool_;
    Reads reads_;
    NewsSender news_;
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

Status require_usable_schema(const PostgresConfig& config) {
    TRY_ASSIGN(const auto connection, Connection::open(options_of(config)));
    TRY_ASSIGN(const SchemaVersion schema, schema_version(*connection));
    return require_usable(schema, newest_version(migrations()));
}

/// libpq's own message of a fault would quote it, with the password that it may hold.
bool is_understood(const std::string& url) {
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parts(
        PQconninfoParse(url.c_str(), nullptr), &PQconninfoFree);
    return parts != nullptr;
}

}  // namespace
}  // namespace postgres

Status PostgresConfig::validate() const {
    std::vector<Fault> faults;
    const auto require = [&faults](bool holds, const char* field, const char* detail) {
        if (!holds) faults.push_back({fmt::format("/{}", field), detail});
    };
    const auto require_time = [&require](Milliseconds time, Milliseconds least, const char* field,
                                         const char* detail) {
        require(time >= least && time <= Milliseconds{3'600'000}, field, detail);
    };
    require(!url.empty() && postgres::is_understood(url), "url",
            "The URL of the catalog's database is missing, or cannot be understood.");
    require(read_url.empty() || postgres::is_understood(read_url), "read_url",
            "The URL for reads cannot be understood.");
    require(connections >= 1 && connections <= 1'000, "connections", "There are 1 to 1,000 connections.");
    require_time(connect_timeout, Milliseconds{2'000}, "connect_timeout",
                 "The connect timeout is 2 seconds to 1 hour.");
    require_time(pool_timeout, Milliseconds{1}, "pool_timeout", "The pool timeout is 1 ms to 1 hour.");
    require_time(statement_timeout, Milliseconds{10}, "statement_timeout",
                 "The statement timeout is 10 ms to 1 hour.");
    require_time(lock_timeout, Milliseconds{1}, "lock_timeout", "The lock timeout is 1 ms to 1 hour.");
    require_time(check_timeout, Milliseconds{1}, "check_timeout", "The check timeout is 1 ms to 1 hour.");
    require_time(migration_timeout, Milliseconds{1'000}, "migration_timeout",
                 "The migration timeout is 1 second to 1 hour.");
    if (!faults.empty()) return invalid(std::move(faults));
    return {};
}

Result<std::unique_ptr<CatalogDatabase>> open_postgres_catalog(const PostgresConfig& config) {
    TRY(config.validate());
    TRY(postgres::require_usable_schema(config));
    return std::make_unique<postgres::PostgresDatabase>(config);
}

Result<std::unique_ptr<CatalogDatabase>> migrate_and_open_postgres_catalog(const PostgresConfig& config,
                                                                           const Clock& clock) {
    TRY_ASSIGN(const auto migrator, make_postgres_migrator(config, clock));
    TRY(migrator->up());
    return open_postgres_catalog(config);
}

}  // namespace safelight
