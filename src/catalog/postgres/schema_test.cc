// The laws of the schema hold against whoever writes SQL by hand.
#include <gtest/gtest.h>

#include "catalog/postgres/postgres_catalog.h"
#include "catalog/postgres/testing/test_schema.h"

namespace safelight::postgres {
namespace {

class PostgresSchema : public testing::Test {
  protected:
    PostgresSchema() {
        const SystemClock clock;
        EXPECT_TRUE(make_postgres_migrator(schema_.config(), clock).value()->up());
        raw_.must("INSERT INTO blobs VALUES ('" + blob(1) + "', 'live', 0), ('" + blob(2) + "', 'live', 0)");
        raw_.must(
            "INSERT INTO images (id, owner, filename, blob, size_bytes, sha256, format, width_px, height_px,"
            " frames, has_alpha, colour_space, orientation) VALUES ('" +
            blob(3) + "', '" + blob(9) + "', 'a.jpg', '" + blob(1) +
            "', 10, decode(repeat('00', 32), 'hex'), 'jpeg', 4, 3, 1, false, 'rgb', 1)");
        raw_.must("INSERT INTO jobs (id, owner, image_id, due_at, metadata, updated_at) VALUES ('" + blob(4) +
                  "', '" + blob(9) + "', '" + blob(3) + "', 0, '{}', 0)");
        raw_.must("INSERT INTO variants (image_id, name, position, transform, updated_at) VALUES ('" +
                  blob(3) + "', 'a', 0, '{}', 5)");
    }

    /// 16 bytes, all the same, in hexadecimal.
    static std::string blob(int value) {
        std::string hex;
        for (int i = 0; i < 16; ++i) hex += "0" + std::to_string(value);
        return hex;
    }
    static std::string make_ready(int key) {
        return "UPDATE variants SET status = 'ready', blob = '" + blob(key) +
               "', format = 'png', width_px = 1, height_px = 1, size_bytes = 1, sha256 = decode(repeat('00', "
               "32), 'hex'), "
               "updated_at = 6";
    }
    void expect_refused(const std::string& sql) {
        const std::string sqlstate = raw_.run(sql);
        // A violated constraint, or a value that is none of the column's type.
        EXPECT_TRUE(sqlstate.starts_with("23") || sqlstate.starts_with("22")) << sql << ": " << sqlstate;
    }

    TestSchema schema_;
    RawDatabase raw_{schema_.url()};
};

TEST_F(PostgresSchema, RefusesIllegalLedgerStates) {
    expect_refused("UPDATE blobs SET state = 'gone'");
    expect_refused("INSERT INTO blobs VALUES ('\\x0102', 'writing', 0)");
    expect_refused("INSERT INTO blobs VALUES (NULL, 'writing', 0)");
    expect_refused("INSERT INTO blobs VALUES ('" + blob(1) + "', 'writing', 0)");
    expect_refused("INSERT INTO blobs VALUES ('" + blob(8) + "', 'writing', 'soon')");
    expect_refused("DELETE FROM blobs WHERE key = '" + blob(1) + "'");  // an image refers to it
}

TEST_F(PostgresSchema, RefusesIllegalImages) {
    expect_refused("UPDATE images SET blob = '" + blob(7) + "'");  // not in the ledger
    expect_refused("UPDATE images SET width_px = 0");
    expect_refused("UPDATE images SET height_px = -1");
    expect_refused("UPDATE images SET frames = 0");
    expect_refused("UPDATE images SET orientation = 9");
    expect_refused("UPDATE images SET has_alpha = '2'");
    expect_refused("UPDATE images SET sha256 = '\\x00'");
    expect_refused("UPDATE images SET size_bytes = 'many'");
    expect_refused("DELETE FROM images");  // its job is there
}

TEST_F(PostgresSchema, RefusesIllegalFacts) {
    expect_refused("UPDATE images SET latitude = 91, longitude = 0");
    expect_refused("UPDATE images SET latitude = 1");
    expect_refused("UPDATE images SET longitude = 1");
    expect_refused("UPDATE images SET focal_x = 1.01, focal_y = 0");
    expect_refused("UPDATE images SET focal_x = 0.5");
    expect_refused("UPDATE images SET focal_y = 0.5");
    raw_.must("UPDATE images SET latitude = -90, longitude = 180, focal_x = 0, focal_y = 1");
    expect_refused("UPDATE images SET copyright = NULL");
    expect_refused("UPDATE images SET dhash = 1");  // without the rest
    expect_refused("UPDATE images SET blurhash = 'x'");
    raw_.must(
        "UPDATE images SET dhash = -1, dominant = '\\x010203', palette = '\\x010203040506',"
        " thumbhash = '\\x00', blurhash = 'x'");
    expect_refused("UPDATE images SET palette = '\\x01020304'");
    expect_refused("UPDATE images SET palette = decode(repeat('00', 21), 'hex')");
    expect_refused("UPDATE images SET dominant = '\\x0102'");
    expect_refused("UPDATE images SET dhash = NULL");
}

TEST_F(PostgresSchema, RefusesIllegalVariants) {
    expect_refused("UPDATE variants SET status = 'unknown'");
    expect_refused("UPDATE variants SET status = 'ready'");
    expect_refused("UPDATE variants SET blob = '" + blob(2) + "'");
    expect_refused("UPDATE variants SET width_px = 3");
    expect_refused("UPDATE variants SET status = 'failed'");
    expect_refused("UPDATE variants SET status = 'failed', error_code = 'x'");
    expect_refused("UPDATE variants SET error_code = 'x', error_detail = 'y'");
    expect_refused(make_ready(7));  // not in the ledger
    raw_.must(make_ready(2));
    expect_refused("UPDATE variants SET sha256 = NULL");
    expect_refused("UPDATE variants SET status = 'pending'");
    expect_refused("UPDATE variants SET error_code = 'x', error_detail = 'y'");
    expect_refused("DELETE FROM blobs WHERE key = '" + blob(2) + "'");
    expect_refused("INSERT INTO variants (image_id, name, position, transform, updated_at) VALUES ('" +
                   blob(7) + "', 'a', 0, '{}', 5)");
    expect_refused("INSERT INTO variants (image_id, name, position, transform, updated_at) VALUES ('" +
                   blob(3) + "', 'a', 1, '{}', 5)");
}

TEST_F(PostgresSchema, NobodySetsTheStatusByHand) {
    EXPECT_EQ(raw_.value("SELECT status FROM jobs"), "PROCESSING");
    for (const char* status : {"UNPROCESSED", "PROCESSED", "FAILED", "DONE"}) {
        expect_refused(std::string("UPDATE jobs SET status = '") + status + "', finished_at = 1");
    }
    expect_refused("UPDATE jobs SET finished_at = 1");
    raw_.must(make_ready(2));
    EXPECT_EQ(raw_.value("SELECT status FROM jobs"), "PROCESSED");
    EXPECT_EQ(raw_.value("SELECT finished_at FROM jobs"), "6");
    expect_refused("UPDATE jobs SET finished_at = NULL");
    expect_refused("UPDATE jobs SET status = 'PROCESSING', finished_at = NULL");
    raw_.must("DELETE FROM variants");
    EXPECT_EQ(raw_.value("SELECT status FROM jobs"), "UNPROCESSED");
    EXPECT_EQ(raw_.value("SELECT count(finished_at) FROM jobs"), "0");
}

TEST_F(PostgresSchema, RefusesIllegalJobs) {
    expect_refused("UPDATE jobs SET tries = 1");  // more tries than attempts
    expect_refused("UPDATE jobs SET attempts = -1, tries = -1");
    expect_refused("UPDATE jobs SET metadata = '[1]'");
    expect_refused("UPDATE jobs SET metadata = '{'");
    expect_refused("UPDATE jobs SET image_id = '" + blob(8) + "'");
    expect_refused("INSERT INTO jobs (id, owner, image_id, due_at, metadata, updated_at) VALUES ('" +
                   blob(5) + "', '" + blob(9) + "', '" + blob(3) + "', 0, '{}', 0)");  // the image has a job
    raw_.must("UPDATE jobs SET attempts = 1, tries = 1, lease_until = 99");
    expect_refused(make_ready(2));  // would finish a job that is claimed
    raw_.must("UPDATE jobs SET lease_until = NULL");
    raw_.must(make_ready(2));
    expect_refused("UPDATE jobs SET lease_until = 99");
}

TEST_F(PostgresSchema, RefusesIllegalRerenders) {
    const std::string insert =
        "INSERT INTO rerenders (image_id, name, transform, due_at) VALUES ('" + blob(3) + "', 'a', '{}', 1)";
    expect_refused(insert);  // not ready
    raw_.must(make_ready(2));
    raw_.must(insert);
    expect_refused(insert);
    expect_refused("INSERT INTO rerenders (image_id, name, transform, due_at) VALUES ('" + blob(3) +
                   "', 'b', '{}', 1)");
    expect_refused("UPDATE rerenders SET state = 'done'");
    expect_refused("UPDATE rerenders SET state = 'failed'");
    expect_refused("UPDATE rerenders SET error_code = 'x', error_detail = 'y'");
    expect_refused("UPDATE rerenders SET token = 1");  // never tried
    expect_refused("UPDATE rerenders SET token = 0, tries = 1");
    expect_refused("UPDATE rerenders SET image_id = '" + blob(7) + "'");
    raw_.must("UPDATE rerenders SET token = 1, tries = 1");
    expect_refused("UPDATE rerenders SET state = 'failed', error_code = 'x', error_detail = 'y'");  // held
}

TEST_F(PostgresSchema, RerendersAreCountedAndEndWithReadiness) {
    const auto expect_equal = [&] {
        EXPECT_EQ(raw_.value("SELECT sum(value) FROM totals WHERE name = 'rerenders'"),
                  raw_.value("SELECT count(*) FROM rerenders WHERE state = 'waiting'"));
    };
    const std::string insert =
        "INSERT INTO rerenders (image_id, name, transform, due_at) VALUES ('" + blob(3) + "', 'a', '{}', 1)";
    raw_.must(make_ready(2));
    raw_.must(insert);
    EXPECT_EQ(raw_.value("SELECT sum(value) FROM totals WHERE name = 'rerenders'"), "1");
    raw_.must("UPDATE rerenders SET state = 'failed', error_code = 'x', error_detail = 'y'");
    expect_equal();
    raw_.must("UPDATE rerenders SET state = 'waiting', error_code = NULL, error_detail = NULL");
    expect_equal();
    EXPECT_EQ(raw_.value("SELECT status FROM jobs"), "PROCESSED");
    raw_.must(
        "UPDATE variants SET status = 'pending', blob = NULL, format = NULL, width_px = NULL, height_px = "
        "NULL,"
        " size_bytes = NULL, sha256 = NULL");
    EXPECT_EQ(raw_.value("SELECT count(*) FROM rerenders"), "0");
    expect_equal();
    raw_.must(make_ready(2));
    raw_.must(insert);
    raw_.must("DELETE FROM jobs");
    raw_.must("DELETE FROM images");
    EXPECT_EQ(raw_.value("SELECT count(*) FROM rerenders"), "0");
    expect_equal();
}

TEST_F(PostgresSchema, ARerenderFromANewerVersionDoesNotHoldUpTheOthers) {
    raw_.must(make_ready(2));
    raw_.must("INSERT INTO rerenders (image_id, name, transform, due_at) VALUES ('" + blob(3) +
              "', 'a', '{\"future\":1}', 1)");
    const auto database = open_postgres_catalog(schema_.config());
    ASSERT_TRUE(database);
    const auto claim = (*database)->rerenders().claim(Milliseconds{1'000}, Timestamp{Milliseconds{2}});
    ASSERT_TRUE(claim);
    EXPECT_FALSE(claim->has_value());
    EXPECT_EQ(raw_.value("SELECT state FROM rerenders"), "failed");
}

TEST_F(PostgresSchema, BacklogIsTheNumberOfJobsInProcessing) {
    const auto expect_equal = [&] {
        EXPECT_EQ(raw_.value("SELECT sum(value) FROM totals WHERE name = 'backlog'"),
                  raw_.value("SELECT count(*) FROM jobs WHERE status = 'PROCESSING'"));
    };
    expect_equal();
    raw_.must(make_ready(2));
    expect_equal();
    raw_.must("INSERT INTO variants (image_id, name, position, transform, updated_at) VALUES ('" + blob(3) +
              "', 'b', 1, '{}', 5)");
    expect_equal();
    raw_.must("DELETE FROM jobs");
    expect_equal();
}

}  // namespace
}  // namespace safelight::postgres
