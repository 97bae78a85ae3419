// SQLite through the suite of every catalog.
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
#include "catalog/sqlite/sqlite_catalog.h"
#include "catalog/sqlite/test_files.h"

namespace safelight {
namespace {

class SqliteUnderTest final : public CatalogUnderTest {
  public:
    SqliteUnderTest() : database_(migrate_and_open_sqlite_catalog(config(), clock_).value()) {}

    CatalogDatabase& database() override { return *database_; }
    std::unique_ptr<CatalogDatabase> open_another() override { return open_sqlite_catalog(config()).value(); }

  private:
    SqliteConfig config() const {
        SqliteConfig config;
        config.path = folder_.file();
        config.busy_timeout =
            Milliseconds{60'000};  // two handles contend on a loaded machine; none may give up
        return config;
    }

    SystemClock clock_;
    sqlite::DatabaseFolder folder_;
    std::unique_ptr<CatalogDatabase> database_;
};

const CatalogBackend sqlite_backend{"sqlite", [] { return std::make_unique<SqliteUnderTest>(); }};

INSTANTIATE_TEST_SUITE_P(Sqlite, CatalogConformance, testing::Values(sqlite_backend), backend_name);
INSTANTIATE_TEST_SUITE_P(Sqlite, BulkConformance, testing::Values(sqlite_backend), backend_name);
INSTANTIATE_TEST_SUITE_P(Sqlite, ChangeConformance, testing::Values(sqlite_backend), backend_name);
INSTANTIATE_TEST_SUITE_P(Sqlite, ControlConformance, testing::Values(sqlite_backend), backend_name);
INSTANTIATE_TEST_SUITE_P(Sqlite, RerenderConformance, testing::Values(sqlite_backend), backend_name);
INSTANTIATE_TEST_SUITE_P(Sqlite, AccountConformance, testing::Values(sqlite_backend), backend_name);
INSTANTIATE_TEST_SUITE_P(Sqlite, IdempotencyConformance, testing::Values(sqlite_backend), backend_name);
INSTANTIATE_TEST_SUITE_P(Sqlite, ResumableConformance, testing::Values(sqlite_backend), backend_name);
INSTANTIATE_TEST_SUITE_P(Sqlite, WebhookConformance, testing::Values(sqlite_backend), backend_name);
INSTANTIATE_TEST_SUITE_P(Sqlite, QuotaConformance, testing::Values(sqlite_backend), backend_name);
INSTANTIATE_TEST_SUITE_P(Sqlite, RetentionConformance, testing::Values(sqlite_backend), backend_name);

}  // namespace
}  // namespace safelight
