// What commits late cannot slip in behind a reader.
#include <gtest/gtest.h>

#include <array>

#include "catalog/postgres/postgres_catalog.h"
#include "catalog/postgres/testing/test_schema.h"

namespace safelight::postgres {
namespace {

class PostgresChanges : public testing::Test {
  protected:
    JobId create() {
        const BlobKey blob = ids_.next<BlobKey>();
        EXPECT_TRUE(database_->ledger().reserve(std::array{blob}, clock_.now() + std::chrono::hours{1}));
        return database_->catalog().create_job(job_of(ids_, blob, clock_.now())).value().id;
    }
    [[nodiscard]] std::vector<JobId> after(const ChangePlace& place) {
        std::vector<JobId> ids;
        for (const JobChange& change : database_->changes().after(default_account(), place, 100).value())
            ids.push_back(change.job.id);
        return ids;
    }
    /// Other tests use the same server: what they write holds changes back for a moment.
    void wait_for(const ChangePlace& place, const std::vector<JobId>& expected) {
        wait_until([&] { return after(place) == expected; }, "the changes");
    }

    SystemClock clock_;
    IdGenerator ids_{clock_};
    TestSchema schema_;
    std::unique_ptr<CatalogDatabase> database_ =
        migrate_and_open_postgres_catalog(schema_.config(), clock_).value();
};

TEST_F(PostgresChanges, NothingShowsBeforeWhatBeganToWriteEarlier) {
    const JobId early = create();
    const JobId seen = create();
    wait_for({}, {early, seen});
    const ChangePlace place = database_->changes().find(default_account(), seen).value().place;

    // A writer begins; another comes after it and is done first.
    RawDatabase slow(schema_.url());
    slow.must("BEGIN");
    slow.must("SELECT pg_current_xact_id()");
    const JobId late = create();
    EXPECT_EQ(after(place), std::vector<JobId>{}) << "the later one has to wait";
    EXPECT_LT(database_->changes().end().value(),
              database_->changes().find(default_account(), late).value().place);
    EXPECT_EQ(database_->changes().find(default_account(), late).value().job.status, JobStatus::processing)
        << "by itself it is there at once";
    slow.must(
        "UPDATE variants SET status = 'failed', error_code = 'timeout', error_detail = '' WHERE image_id ="
        " (SELECT image_id FROM jobs WHERE id = '" +
        early.to_string() + "')");
    slow.must("COMMIT");
    wait_for(place, {early, late});
}

TEST_F(PostgresChanges, WhatIsRolledBackHoldsNothingUp) {
    const ChangePlace place = database_->changes().end().value();
    RawDatabase slow(schema_.url());
    slow.must("BEGIN");
    slow.must("SELECT pg_current_xact_id()");
    slow.must("ROLLBACK");
    const JobId job = create();
    wait_for(place, {job});
}

TEST_F(PostgresChanges, WhoOnlyReadsHoldsNothingUp) {
    RawDatabase reader(schema_.url());
    reader.must("BEGIN ISOLATION LEVEL REPEATABLE READ");
    EXPECT_EQ(reader.value("SELECT count(*) FROM jobs"), "0");
    const ChangePlace place = database_->changes().end().value();
    const JobId job = create();
    wait_for(place, {job});
    reader.must("COMMIT");
}

}  // namespace
}  // namespace safelight::postgres
