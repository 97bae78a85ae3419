// Whose clock says what is too old.
#include "catalog/retention.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>

#include "catalog/postgres/postgres_catalog.h"
#include "catalog/postgres/testing/test_schema.h"

namespace safelight::postgres {
namespace {

using namespace std::chrono_literals;

constexpr Milliseconds day{std::chrono::days(1)};

class PostgresRetention : public testing::Test {
  protected:
    /// Of an image that came so long ago.
    JobId create(Milliseconds ago) {
        const ManualClock clock{clock_.now() - ago};
        IdGenerator ids{clock};
        const BlobKey blob = ids.next<BlobKey>();
        EXPECT_TRUE(database_->ledger().reserve(std::array{blob}, clock_.now() + 1h));
        return database_->catalog().create_job(job_of(ids, blob, clock.now())).value().id;
    }
    Result<std::optional<RetentionStep>> step(Milliseconds ahead) {
        return database_->retention().step(look_, clock_.now() + ahead);
    }

    const RetentionLook look_{.defaults = {.delete_images_after = 30 * day}};
    SystemClock clock_;
    TestSchema schema_;
    std::unique_ptr<CatalogDatabase> database_ =
        migrate_and_open_postgres_catalog(schema_.config(), clock_).value();
};

TEST_F(PostgresRetention, AClockThatTheDatabaseContradictsTakesNothing) {
    const JobId job = create(0ms);
    for (const Milliseconds ahead : {Milliseconds{31 * day}, Milliseconds{2h}, Milliseconds{-13h}}) {
        const auto refused = step(ahead);
        ASSERT_FALSE(refused) << ahead.count();
        EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
    }
    EXPECT_TRUE(database_->catalog().find_job(default_account(), job));
}

TEST_F(PostgresRetention, AClockThatDiffersALittleIsGoodEnough) {
    const JobId job = create(31 * day);
    const auto early = step(-11h);
    ASSERT_TRUE(early) << early.error().log_text;
    ASSERT_TRUE(*early);
    EXPECT_EQ((*early)->deleted, std::vector{job});
    const auto late = step(30min);
    ASSERT_TRUE(late) << late.error().log_text;
}

}  // namespace
}  // namespace safelight::postgres
