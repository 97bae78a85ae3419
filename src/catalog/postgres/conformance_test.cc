// PostgreSQL through the suite of every catalog.
#include "catalog/conformance/account_suite.h"
#include "catalog/conformance/bulk_suite.h"
#include "catalog/conformance/change_suite.h"
#include "catalog/conformance/control_suite.h"
#include "catalog/conformance/idempotency_suite.h"
#include "catalog/conformance/quota_suite.h"
#include "catalog/conformance/rerender_suite.h"
#include "catalog/conformance/resumable_suite.h"
#include "catalog/conformance/retention_suite.h"
#include "catalog/conformance/webhook_suite.h"
#include "catalog/postgres/postgres_catalog.h"
#include "catalog/postgres/testing/test_schema.h"

namespace safelight {
namespace {

class PostgresUnderTest final : public CatalogUnderTest {
  public:
    PostgresUnderTest() : database_(migrate_and_open_postgres_catalog(config(), clock_).value()) {}

    CatalogDatabase& database() override { return *database_; }
    std::unique_ptr<CatalogDatabase> open_another() override {
        return open_postgres_catalog(config()).value();
    }

  private:
    PostgresConfig config() const {
        PostgresConfig config = schema_.config();
        // On a loaded machine; nobody may give up.
        config.pool_timeout = config.statement_timeout = config.lock_timeout = Milliseconds{60'000};
        config.clock_ahead_max = std::chrono::days(40'000);  // the suite has a clock of its own
        return config;
    }

    SystemClock clock_;
    postgres::TestSchema schema_;
    std::unique_ptr<CatalogDatabase> database_;
};

const CatalogBackend postgres_backend{"postgres", [] { return std::make_unique<PostgresUnderTest>(); }};

INSTANTIATE_TEST_SUITE_P(Postgres, CatalogConformance, testing::Values(postgres_backend), backend_name);
INSTANTIATE_TEST_SUITE_P(Postgres, BulkConformance, testing::Values(postgres_backend), backend_name);
INSTANTIATE_TEST_SUITE_P(Postgres, ChangeConformance, testing::Values(postgres_backend), backend_name);
INSTANTIATE_TEST_SUITE_P(Postgres, ControlConformance, testing::Values(postgres_backend), backend_name);
INSTANTIATE_TEST_SUITE_P(Postgres, RerenderConformance, testing::Values(postgres_backend), backend_name);
INSTANTIATE_TEST_SUITE_P(Postgres, AccountConformance, testing::Values(postgres_backend), backend_name);
INSTANTIATE_TEST_SUITE_P(Postgres, IdempotencyConformance, testing::Values(postgres_backend), backend_name);
INSTANTIATE_TEST_SUITE_P(Postgres, ResumableConformance, testing::Values(postgres_backend), backend_name);
INSTANTIATE_TEST_SUITE_P(Postgres, WebhookConformance, testing::Values(postgres_backend), backend_name);
INSTANTIATE_TEST_SUITE_P(Postgres, QuotaConformance, testing::Values(postgres_backend), backend_name);
INSTANTIATE_TEST_SUITE_P(Postgres, RetentionConformance, testing::Values(postgres_backend), backend_name);

}  // namespace
}  // namespace safelight
