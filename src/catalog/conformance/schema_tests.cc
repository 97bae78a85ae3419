// The laws of the schema hold against whoever writes SQL by hand.
#include <algorithm>
#include <stdexcept>

#include "catalog/conformance/schema_suite.h"

namespace safelight {
namespace {

std::string zeros(int count) {
    std::string hex;
    for (int i = 0; i < count; ++i) hex += "00";
    return hex;
}

}  // namespace

SchemaConformance::SchemaConformance() {
    const SystemClock clock;
    EXPECT_TRUE(under_test_->migrator(clock).value()->up());
    must("INSERT INTO blobs VALUES (" + id(1) + ", 'live', 0), (" + id(2) + ", 'live', 0)");
    must(
        "INSERT INTO images (id, owner, filename, blob, size_bytes, sha256, format, width_px, height_px,"
        " frames, has_alpha, colour_space, orientation) VALUES (" +
        id(3) + ", " + id(9) + ", 'a.jpg', " + id(1) + ", 10, " + bytes(zeros(32)) +
        ", 'jpeg', 4, 3, 1, false, 'rgb', 1)");
    must("INSERT INTO jobs (id, owner, image_id, due_at, metadata, updated_at) VALUES (" + id(4) + ", " +
         id(9) + ", " + id(3) + ", 0, '{}', 0)");
    must(insert_variant(3, "a", 0));
}

void SchemaConformance::must(const std::string& sql) {
    if (under_test_->run(sql) != SchemaUnderTest::Outcome::done) throw std::runtime_error("failed: " + sql);
}

void SchemaConformance::expect_refused(const std::string& sql) {
    EXPECT_EQ(under_test_->run(sql), SchemaUnderTest::Outcome::refused) << sql;
}

std::string SchemaConformance::id(int value) const {
    std::string hex;
    for (int i = 0; i < 16; ++i) hex += "0" + std::to_string(value);
    return under_test_->id(hex);
}

std::string SchemaConformance::make_ready(int blob) const {
    return "UPDATE variants SET status = 'ready', blob = " + id(blob) +
           ", format = 'png', width_px = 1, height_px = 1, size_bytes = 1, sha256 = " + bytes(zeros(32)) +
           ", updated_at = 6";
}

std::string SchemaConformance::insert_variant(int image, const std::string& name, int position) const {
    return "INSERT INTO variants (image_id, name, position, transform, updated_at) VALUES (" + id(image) +
           ", '" + name + "', " + std::to_string(position) + ", '{}', 5)";
}

std::string SchemaConformance::insert_rerender(const std::string& name, const std::string& transform) const {
    return "INSERT INTO rerenders (image_id, name, transform, due_at) VALUES (" + id(3) + ", '" + name +
           "', '" + transform + "', 1)";
}

namespace {

TEST_P(SchemaConformance, RefusesIllegalLedgerStates) {
    expect_refused("UPDATE blobs SET state = 'gone'");
    expect_refused("INSERT INTO blobs VALUES (" + bytes("0102") + ", 'writing', 0)");
    expect_refused("INSERT INTO blobs VALUES (NULL, 'writing', 0)");
    expect_refused("INSERT INTO blobs VALUES (" + id(1) + ", 'writing', 0)");
    expect_refused("INSERT INTO blobs VALUES (" + id(8) + ", 'writing', 'soon')");
    expect_refused("DELETE FROM blobs WHERE key = " + id(1));  // an image refers to it
}

TEST_P(SchemaConformance, WhoFinishesAJobByHandTellsOfIt) {
    const auto webhook = [this](int number, const std::string& events, const std::string& disabled_at,
                                const std::string& reason) {
        return "INSERT INTO webhooks (id, owner, url, description, events, updated_at, disabled_at, "
               "disabled_reason) VALUES (" +
               id(number) + ", " + id(9) + ", 'https://a/', '', " + events + ", 0, " + disabled_at + ", " +
               reason + ")";
    };
    must(webhook(5, "0", "NULL", "NULL"));
    must(webhook(6, "2", "NULL", "NULL"));
    must(webhook(7, "0", "1", "'paused'"));
    expect_refused(webhook(8, "8", "NULL", "NULL"));
    expect_refused(webhook(8, "0", "1", "NULL"));
    expect_refused(webhook(8, "0", "1", "'tired'"));
    const std::string told = "SELECT count(*) FROM webhook_deliveries WHERE webhook = " + id(5) +
                             " AND job = " + id(4) + " AND event = 'job.processed' AND created_at = 6";
    EXPECT_EQ(value(told), "0");
    must(make_ready(2));
    EXPECT_EQ(value(told), "1");
    EXPECT_EQ(value("SELECT count(*) FROM webhook_deliveries"), "1");
    must("UPDATE variants SET updated_at = 7");
    EXPECT_EQ(value("SELECT count(*) FROM webhook_deliveries"), "1") << "a finish is told once";
    expect_refused("UPDATE webhook_deliveries SET status = 'delivered'");
    expect_refused("UPDATE webhook_deliveries SET tries = attempts + 1");
    expect_refused("UPDATE webhook_deliveries SET job = NULL");
    must("UPDATE webhook_deliveries SET status = 'delivered', finished_at = 8");
    expect_refused("UPDATE webhook_deliveries SET lease_until = 9");
    must("DELETE FROM webhooks");
    EXPECT_EQ(value("SELECT count(*) FROM webhook_deliveries"), "0");
}

TEST_P(SchemaConformance, RefusesIllegalBulkOperations) {
    const auto operation = [this](int number, const std::string& kind, const std::string& status,
                                  int attempts, int done) {
        return "INSERT INTO bulk_operations (id, owner, kind, status, position, upper, due_at, attempts, "
               "jobs_done) VALUES (" +
               id(number) + ", " + id(9) + ", '" + kind + "', '" + status + "', " + id(1) + ", " + id(2) +
               ", 0, " + std::to_string(attempts) + ", " + std::to_string(done) + ")";
    };
    must(operation(5, "retry", "FAILED", 0, 0));
    expect_refused(operation(5, "delete", "FAILED", 0, 0));
    expect_refused(operation(6, "rename", "FAILED", 0, 0));
    expect_refused(operation(6, "delete", "failed", 0, 0));
    expect_refused(operation(6, "delete", "FAILED", -1, 0));
    expect_refused(operation(6, "delete", "FAILED", 0, -1));
    expect_refused("UPDATE bulk_operations SET position = NULL");
}

TEST_P(SchemaConformance, EachChangeOfAStatusHasAHigherNumber) {
    const auto change = [this] { return std::stoll(value("SELECT change FROM jobs")); };
    const auto created = change();
    EXPECT_GT(created, 0);
    must("UPDATE jobs SET attempts = 1, tries = 1, lease_until = 9");
    EXPECT_EQ(change(), created) << "a claim is none";
    must("UPDATE jobs SET lease_until = NULL");
    must(make_ready(2));
    const auto finished = change();
    EXPECT_GT(finished, created);
    must(insert_variant(3, "b", 1));
    EXPECT_GT(change(), finished);
    expect_refused("UPDATE jobs SET change = 0");
}

TEST_P(SchemaConformance, RefusesIllegalAccountsAndKeys) {
    const std::string key = "INSERT INTO api_keys (id, account, name, secret_hash, scopes) VALUES (";
    must("INSERT INTO accounts (id, name) VALUES (" + id(5) + ", 'a')");
    must(key + id(6) + ", " + id(5) + ", 'k', " + bytes(zeros(32)) + ", 'admin')");
    expect_refused("INSERT INTO accounts (id, name) VALUES (" + id(6) + ", 'a')");
    expect_refused("INSERT INTO accounts (id, name) VALUES (" + id(6) + ", '')");
    expect_refused("INSERT INTO accounts (id, name) VALUES (" + bytes("0102") + ", 'b')");
    expect_refused(key + id(7) + ", " + id(5) + ", 'k', " + bytes(zeros(32)) + ", 'admin')");
    expect_refused(key + id(7) + ", " + id(8) + ", 'k', " + bytes(zeros(31) + "01") + ", 'admin')");
    expect_refused(key + id(7) + ", " + id(5) + ", '', " + bytes(zeros(31) + "01") + ", 'admin')");
    expect_refused(key + id(7) + ", " + id(5) + ", 'k', " + bytes(zeros(31)) + ", 'admin')");
    expect_refused(key + id(7) + ", " + id(5) + ", 'k', " + bytes(zeros(31) + "01") + ", '')");
    expect_refused("DELETE FROM accounts WHERE id = " + id(5));  // a key acts for it
}

TEST_P(SchemaConformance, RefusesIllegalImages) {
    expect_refused("UPDATE images SET blob = " + id(7));  // not in the ledger
    expect_refused("UPDATE images SET width_px = 0");
    expect_refused("UPDATE images SET height_px = -1");
    expect_refused("UPDATE images SET frames = 0");
    expect_refused("UPDATE images SET orientation = 9");
    expect_refused("UPDATE images SET has_alpha = '2'");
    expect_refused("UPDATE images SET sha256 = " + bytes("00"));
    expect_refused("UPDATE images SET size_bytes = 'many'");
    expect_refused("DELETE FROM images");  // its job is there
}

TEST_P(SchemaConformance, RefusesIllegalFacts) {
    expect_refused("UPDATE images SET latitude = 91, longitude = 0");
    expect_refused("UPDATE images SET latitude = 1");
    expect_refused("UPDATE images SET longitude = 1");
    expect_refused("UPDATE images SET focal_x = 1.01, focal_y = 0");
    expect_refused("UPDATE images SET focal_x = 0.5");
    expect_refused("UPDATE images SET focal_y = 0.5");
    must("UPDATE images SET latitude = -90, longitude = 180, focal_x = 0, focal_y = 1");
    expect_refused("UPDATE images SET copyright = NULL");
    expect_refused("UPDATE images SET dhash = 1");  // without the rest
    expect_refused("UPDATE images SET blurhash = 'x'");
    must("UPDATE images SET dhash = -1, dominant = " + bytes("010203") +
         ", palette = " + bytes("010203040506") + ", thumbhash = " + bytes("00") + ", blurhash = 'x'");
    expect_refused("UPDATE images SET palette = " + bytes("01020304"));
    expect_refused("UPDATE images SET palette = " + bytes(zeros(21)));
    expect_refused("UPDATE images SET dominant = " + bytes("0102"));
    expect_refused("UPDATE images SET dhash = NULL");
}

TEST_P(SchemaConformance, RefusesIllegalVariants) {
    expect_refused("UPDATE variants SET status = 'unknown'");
    expect_refused("UPDATE variants SET status = 'ready'");
    expect_refused("UPDATE variants SET blob = " + id(2));
    expect_refused("UPDATE variants SET width_px = 3");
    expect_refused("UPDATE variants SET status = 'failed'");
    expect_refused("UPDATE variants SET status = 'failed', error_code = 'x'");
    expect_refused("UPDATE variants SET error_code = 'x', error_detail = 'y'");
    expect_refused(make_ready(7));  // not in the ledger
    must(make_ready(2));
    expect_refused("UPDATE variants SET sha256 = NULL");
    expect_refused("UPDATE variants SET status = 'pending'");
    expect_refused("UPDATE variants SET error_code = 'x', error_detail = 'y'");
    expect_refused("DELETE FROM blobs WHERE key = " + id(2));
    expect_refused(insert_variant(7, "a", 0));
    expect_refused(insert_variant(3, "a", 1));
}

TEST_P(SchemaConformance, NobodySetsTheStatusByHand) {
    EXPECT_EQ(value("SELECT status FROM jobs"), "PROCESSING");
    for (const char* status : {"UNPROCESSED", "PROCESSED", "FAILED", "DONE"}) {
        expect_refused(std::string("UPDATE jobs SET status = '") + status + "', finished_at = 1");
    }
    expect_refused("UPDATE jobs SET finished_at = 1");
    must(make_ready(2));
    EXPECT_EQ(value("SELECT status FROM jobs"), "PROCESSED");
    EXPECT_EQ(value("SELECT finished_at FROM jobs"), "6");
    expect_refused("UPDATE jobs SET finished_at = NULL");
    expect_refused("UPDATE jobs SET status = 'PROCESSING', finished_at = NULL");
    must("DELETE FROM variants");
    EXPECT_EQ(value("SELECT status FROM jobs"), "UNPROCESSED");
    EXPECT_EQ(value("SELECT count(finished_at) FROM jobs"), "0");
}

TEST_P(SchemaConformance, RefusesIllegalJobs) {
    expect_refused("UPDATE jobs SET tries = 1");  // more tries than attempts
    expect_refused("UPDATE jobs SET attempts = -1, tries = -1");
    expect_refused("UPDATE jobs SET metadata = '[1]'");
    expect_refused("UPDATE jobs SET metadata = '{'");
    expect_refused("UPDATE jobs SET image_id = " + id(8));
    expect_refused("INSERT INTO jobs (id, owner, image_id, due_at, metadata, updated_at) VALUES (" + id(5) +
                   ", " + id(9) + ", " + id(3) + ", 0, '{}', 0)");  // the image has a job
    must(make_ready(2));
    expect_refused("UPDATE jobs SET attempts = 1, tries = 1, lease_until = 99");
}

TEST_P(SchemaConformance, AFinishedJobIsHeldByNobody) {
    must("UPDATE jobs SET attempts = 1, tries = 1, lease_until = 99");
    // Refused, or whoever finishes it takes it from who held it.
    if (under_test_->run(make_ready(2)) == SchemaUnderTest::Outcome::done) {
        EXPECT_EQ(under_test_->value("SELECT status FROM jobs WHERE lease_until IS NULL AND tries = 0"),
                  "PROCESSED");
    } else {
        EXPECT_EQ(under_test_->value("SELECT status FROM jobs WHERE lease_until = 99"), "PROCESSING");
        must("UPDATE jobs SET lease_until = NULL");
        must(make_ready(2));
    }
    expect_refused("UPDATE jobs SET lease_until = 99");
}

TEST_P(SchemaConformance, RefusesIllegalQuotas) {
    for (const char* quota :
         {"stored_bytes", "images", "uploads_per_minute", "concurrent_uploads", "pixels_per_day"}) {
        must(std::string("UPDATE accounts SET ") + quota + "_max = 0");
        expect_refused(std::string("UPDATE accounts SET ") + quota + "_max = -1");
    }
    // Would be counted wrong.
    expect_refused("UPDATE images SET size_bytes = 11");
    expect_refused("UPDATE images SET owner = " + id(8));
    must("UPDATE images SET size_bytes = 10, owner = " + id(9));
}

TEST_P(SchemaConformance, UsageFollowsImagesAndVariants) {
    const std::string used =
        "SELECT coalesce(sum(stored_bytes), 0) FROM account_usage WHERE account = " + id(9);
    EXPECT_EQ(value(used), "10");
    must(make_ready(2));
    EXPECT_EQ(value(used), "11");
    must("UPDATE variants SET size_bytes = 5");
    EXPECT_EQ(value(used), "15");
    must("DELETE FROM variants");
    EXPECT_EQ(value(used), "10");
    must(insert_variant(3, "b", 0));
    must(make_ready(2));
    EXPECT_EQ(value(used), "11");
    must("DELETE FROM jobs");
    must("DELETE FROM images");
    EXPECT_EQ(value(used), "0");
    EXPECT_EQ(value("SELECT sum(images) FROM account_usage"), "0");
    EXPECT_EQ(value("SELECT sum(pixels) FROM account_pixels WHERE day = 0"), "12");
}

TEST_P(SchemaConformance, WhatIsThereIsCountedWhenCountingBegins) {
    must(make_ready(2));
    const SystemClock clock;
    const auto migrator = under_test_->migrator(clock).value();
    const auto has_usage = [this] {
        const auto names = under_test_->names();
        return std::ranges::find(names, "account_usage") != names.end();
    };
    while (has_usage()) ASSERT_TRUE(migrator->down(1));
    ASSERT_TRUE(migrator->up());
    EXPECT_EQ(value("SELECT sum(stored_bytes) FROM account_usage WHERE account = " + id(9)), "11");
    EXPECT_EQ(value("SELECT sum(images) FROM account_usage"), "1");
    EXPECT_EQ(value("SELECT pixels FROM account_pixels"), "12");
    EXPECT_EQ(value("SELECT day FROM account_pixels"), "38327") << "by the time in the id";
    must("DELETE FROM jobs");
    must("DELETE FROM images");
    EXPECT_EQ(value("SELECT sum(stored_bytes) + sum(images) FROM account_usage"), "0");
}

TEST_P(SchemaConformance, WhatHasExpiredIsNotWaitedFor) {
    must("UPDATE variants SET expired = TRUE");
    EXPECT_EQ(value("SELECT status FROM jobs"), "PROCESSED");
    must(insert_variant(3, "b", 1));
    EXPECT_EQ(value("SELECT status FROM jobs"), "PROCESSING");
    must("DELETE FROM variants WHERE name = 'b'");
    EXPECT_EQ(value("SELECT status FROM jobs"), "PROCESSED");
    must("UPDATE variants SET expired = FALSE");
    EXPECT_EQ(value("SELECT status FROM jobs"), "PROCESSING");
    must(make_ready(2));
    expect_refused("UPDATE variants SET expired = TRUE");  // it has bytes
    expect_refused("UPDATE accounts SET delete_images_after_days = -1");
    expect_refused("UPDATE accounts SET expire_variants_after_days = -1");
}

TEST_P(SchemaConformance, WhatHasExpiredIsMadeAgainByASchemaThatKnowsNothingOfIt) {
    must("UPDATE variants SET expired = TRUE");
    const SystemClock clock;
    const auto migrator = under_test_->migrator(clock).value();
    for (int steps = 0; value("SELECT status FROM jobs") == "PROCESSED"; ++steps) {
        ASSERT_LT(steps, 5);
        ASSERT_TRUE(migrator->down(1));
    }
    EXPECT_EQ(value("SELECT count(finished_at) FROM jobs"), "0");
    ASSERT_TRUE(migrator->up());
    EXPECT_EQ(value("SELECT status FROM jobs"), "PROCESSING");
}

TEST_P(SchemaConformance, RefusesIllegalKeptAnswers) {
    const auto key = [this](const std::string& hash, const std::string& fingerprint,
                            const std::string& answer) {
        return "INSERT INTO idempotency_keys VALUES (" + id(1) + ", " + hash + ", " + id(2) + ", 5, " +
               fingerprint + ", " + answer + ")";
    };
    const std::string hash = bytes(zeros(32));
    must(key(hash, "NULL", "NULL"));
    expect_refused(key(hash, "NULL", "NULL"));
    expect_refused(key(bytes(zeros(31)), "NULL", "NULL"));
    expect_refused("UPDATE idempotency_keys SET fingerprint = " + hash);  // an answer belongs to it
    expect_refused("UPDATE idempotency_keys SET answer = " + hash);
    expect_refused("UPDATE idempotency_keys SET answer = " + hash + ", fingerprint = " + bytes(zeros(31)));
    must("UPDATE idempotency_keys SET answer = " + hash + ", fingerprint = " + hash);
}

TEST_P(SchemaConformance, RefusesIllegalRerenders) {
    expect_refused(insert_rerender("a"));  // not ready
    must(make_ready(2));
    must(insert_rerender("a"));
    expect_refused(insert_rerender("a"));
    expect_refused(insert_rerender("b"));
    expect_refused("UPDATE rerenders SET state = 'done'");
    expect_refused("UPDATE rerenders SET state = 'failed'");
    expect_refused("UPDATE rerenders SET error_code = 'x', error_detail = 'y'");
    expect_refused("UPDATE rerenders SET token = 1");  // never tried
    expect_refused("UPDATE rerenders SET token = 0, tries = 1");
    expect_refused("UPDATE rerenders SET image_id = " + id(7));
    must("UPDATE rerenders SET token = 1, tries = 1");
    expect_refused("UPDATE rerenders SET state = 'failed', error_code = 'x', error_detail = 'y'");  // held
}

TEST_P(SchemaConformance, RerendersAreCountedAndEndWithReadiness) {
    const auto expect_equal = [&] {
        EXPECT_EQ(value("SELECT sum(value) FROM totals WHERE name = 'rerenders'"),
                  value("SELECT count(*) FROM rerenders WHERE state = 'waiting'"));
    };
    must(make_ready(2));
    must(insert_rerender("a"));
    EXPECT_EQ(value("SELECT sum(value) FROM totals WHERE name = 'rerenders'"), "1");
    must("UPDATE rerenders SET state = 'failed', error_code = 'x', error_detail = 'y'");
    expect_equal();
    must("UPDATE rerenders SET state = 'waiting', error_code = NULL, error_detail = NULL");
    expect_equal();
    EXPECT_EQ(value("SELECT status FROM jobs"), "PROCESSED");
    must(
        "UPDATE variants SET status = 'pending', blob = NULL, format = NULL, width_px = NULL, height_px = "
        "NULL, size_bytes = NULL, sha256 = NULL");
    EXPECT_EQ(value("SELECT count(*) FROM rerenders"), "0");
    expect_equal();
    must(make_ready(2));
    must(insert_rerender("a"));
    must("DELETE FROM jobs");
    must("DELETE FROM images");
    EXPECT_EQ(value("SELECT count(*) FROM rerenders"), "0");
    expect_equal();
}

TEST_P(SchemaConformance, BacklogIsTheNumberOfJobsInProcessing) {
    const auto expect_equal = [&] {
        EXPECT_EQ(value("SELECT sum(value) FROM totals WHERE name = 'backlog'"),
                  value("SELECT count(*) FROM jobs WHERE status = 'PROCESSING'"));
    };
    expect_equal();
    must(make_ready(2));
    expect_equal();
    must(insert_variant(3, "b", 1));
    expect_equal();
    must("DELETE FROM jobs");
    expect_equal();
}

}  // namespace
}  // namespace safelight
