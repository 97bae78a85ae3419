// No statement of ours scans or sorts a table, be it empty or large.
#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <span>

#include "catalog/postgres/connection.h"
#include "catalog/postgres/migrations.h"
#include "catalog/postgres/statements.h"
#include "catalog/postgres/testing/test_schema.h"
#include "catalog/sql/webhook_statements.h"

namespace safelight::postgres {
namespace {

/// `count` jobs of two owners in all states, with two variants each; no triggers, for they would take
/// minutes.
void fill(RawDatabase& raw, int count) {
    const std::string series = " FROM generate_series(1, " + std::to_string(count) + ") AS n";
    const auto uuid = [](const std::string& kind, const std::string& n = "n") {
        return "(lpad(to_hex(" + n + "), 12, '0') || '7000800000000000000" + kind + "')::uuid";
    };
    const std::string owner = "('0000000000007000800000000000000' || n % 2)::uuid";
    raw.must("SET session_replication_role = replica");
    raw.must("INSERT INTO blobs SELECT " + uuid("b") + ", 'live', n" + series);
    raw.must("INSERT INTO blobs SELECT " + uuid("c") +
             ", CASE n % 3 WHEN 0 THEN 'writing' WHEN 1 THEN 'doomed' ELSE 'live' END, n" + series);
    raw.must(
        "INSERT INTO images (id, owner, filename, blob, size_bytes, sha256, format, width_px, height_px, "
        "frames,"
        " has_alpha, colour_space, orientation, dhash, dominant, palette, thumbhash, blurhash) SELECT " +
        uuid("1") + ", " + owner + ", 'a.jpg', " + uuid("b") +
        ", 1, decode(repeat('00', 32), 'hex'), 'jpeg', 1, 1, 1, false, 'rgb', 1, hashint8(n)::bigint << 31,"
        " '\\x000000', '\\x000000', '\\x00', 'x'" +
        series);
    raw.must(
        "INSERT INTO jobs (id, owner, image_id, status, due_at, metadata, updated_at, finished_at) SELECT " +
        uuid("2") + ", " + owner + ", " + uuid("1") +
        ", (ARRAY['UNPROCESSED', 'PROCESSING', 'PROCESSED', 'FAILED'])[n % 4 + 1], n, '{}', n,"
        " CASE WHEN n % 4 >= 2 THEN n END" +
        series);
    raw.must("INSERT INTO variants (image_id, name, position, transform, updated_at) SELECT " + uuid("1") +
             ", 'a', 0, '{}', n" + series);
    raw.must(
        "INSERT INTO variants (image_id, name, position, transform, updated_at, status, blob, format, "
        "width_px,"
        " height_px, size_bytes, sha256) SELECT " +
        uuid("1") + ", 'b', 1, '{}', n, 'ready', " + uuid("c") +
        ", 'jpeg', 1, 1, 1, decode(repeat('00', 32), 'hex')" + series);
    raw.must("INSERT INTO rerenders (image_id, name, transform, due_at) SELECT " + uuid("1") +
             ", 'b', '{}', n" + series);
    raw.must("INSERT INTO accounts SELECT " + uuid("d") + ", 'account ' || n" + series);
    raw.must("INSERT INTO api_keys SELECT " + uuid("e") + ", " + uuid("d") +
             ", 'a key', decode(lpad(to_hex(n), 64, '0'), 'hex'), 'admin'" + series);
    raw.must("INSERT INTO idempotency_keys SELECT " + uuid("d") +
             ", decode(lpad(to_hex(n), 64, '0'), 'hex'), " + uuid("f") + ", n" + series);
    raw.must("INSERT INTO webhooks (id, owner, url, description, events, updated_at) SELECT " + uuid("3") +
             ", " + owner + ", 'https://a/', '', 0, n" + series);
    raw.must("INSERT INTO webhook_secrets SELECT " + uuid("3") + ", " + uuid("4") +
             ", decode(repeat('00', 32), 'hex')" + series);
    raw.must(
        "INSERT INTO webhook_deliveries (webhook, id, event, job, payload, status, attempts, due_at, "
        "created_at, finished_at) SELECT " +
        uuid("3", "n % 100 + 1") + ", " + uuid("5") + ", 'job.processed', " + uuid("2") +
        ", '{}', (ARRAY['waiting', 'delivered', 'failed'])[n % 3 + 1], 1, n, n,"
        " CASE WHEN n % 3 > 0 THEN n END" +
        series);
    raw.must("INSERT INTO webhook_attempts SELECT " + uuid("5") + ", 1, n, 1, 200, NULL" + series);
    const std::string shards =
        " FROM generate_series(1, " + std::to_string(count / 64) + ") AS n, generate_series(0, 63) AS shard";
    raw.must("INSERT INTO account_usage SELECT " + uuid("d") + ", shard, n, n, 20000 + n % 2, n, n" + shards);
    raw.must("INSERT INTO quota_locks SELECT " + uuid("d") + series);
    raw.must("INSERT INTO upload_minutes SELECT " + uuid("d") + ", n, 1" + series);
    raw.must("INSERT INTO upload_places SELECT " + uuid("e") + ", " + uuid("d") + ", n" + series);
    for (const char* table :
         {"blobs", "images", "jobs", "variants", "rerenders", "totals", "accounts", "api_keys",
          "idempotency_keys", "webhooks", "webhook_secrets", "webhook_deliveries", "webhook_attempts",
          "account_usage", "quota_locks", "upload_minutes", "upload_places"})
        raw.must(std::string("ANALYZE ") + table);
}

/// Enough for the planner to have a choice; `./test --sweep` has a million, which takes minutes to fill.
int jobs_of_a_large_table() {
    const char* wanted = std::getenv("SAFELIGHT_TEST_PLAN_JOBS");
    return wanted == nullptr ? 30'000 : std::stoi(wanted);
}

class PostgresPlans : public testing::Test {
  protected:
    PostgresPlans() {
        const SystemClock clock;
        EXPECT_TRUE(make_postgres_migrator(schema_.config(), clock).value()->up());
        connection_ = Connection::open(options_of(schema_.config())).value();
    }

    std::vector<std::string> lines_of(const std::string& sql) {
        auto answer = connection_->script(sql);
        std::vector<std::string> lines;
        EXPECT_TRUE(answer) << answer.error().log_text;
        while (answer && answer->next()) lines.emplace_back(answer->text(0));
        return lines;
    }

    static int parameters_of(std::string_view text) {
        int most = 0;
        for (std::size_t at = 0; (at = text.find('$', at)) != std::string_view::npos; ++at) {
            int number = 0;
            std::from_chars(text.data() + at + 1, text.data() + text.size(), number);
            most = std::max(most, number);
        }
        return most;
    }

    /// The plan that a prepared statement has for good; `values` are those of the first parameters.
    std::vector<std::string> plan_of(std::string_view text, const std::string& how = "",
                                     std::vector<std::string> values = {}) {
        values.resize(static_cast<std::size_t>(parameters_of(text)), "NULL");
        std::string list;
        for (const std::string& value : values) list += (list.empty() ? "(" : ", ") + value;
        if (!list.empty()) list += ")";
        lines_of("PREPARE explained AS " + std::string(text));
        auto plan = lines_of("EXPLAIN " + how + " EXECUTE explained " + list);
        lines_of("DEALLOCATE explained");
        return plan;
    }

    std::string whole_plan_of(std::string_view text) {
        std::string plan;
        for (const std::string& line : plan_of(text)) plan += line + "\n";
        return plan;
    }

    void expect_all_by_index() {
        expect_by_index(sql::own);
        expect_by_index(sql::shared);
        expect_by_index(sql::of_webhooks);
        expect_by_index(sql::shared_of_retention);
    }
    void expect_by_index(std::span<const sql::Named> statements) {
        for (const auto& [name, text] : statements) {
            const auto plan = plan_of(text);
            for (std::size_t i = 0; i < plan.size(); ++i) expect_good(std::string(name), plan, i);
        }
    }

    static void expect_good(const std::string& name, const std::vector<std::string>& plan, std::size_t i) {
        const std::string& step = plan[i];
        const auto has = [&step](const char* words) { return step.find(words) != std::string::npos; };
        for (const char* words : {"Seq Scan", "Bitmap", "Hash Join", "Merge Join"})
            EXPECT_FALSE(has(words)) << name << ": " << step;
        // Of what is similar the nearest are kept: that is a heap, not the whole.
        EXPECT_FALSE(has("Sort  (") && name != "similar_ids") << name << ": " << step;
        // An index that is walked through from end to end is a scan by another name.
        if (!has("Index Scan") && !has("Index Only Scan")) return;
        const bool is_searched = i + 1 < plan.size() && plan[i + 1].find("Index Cond") != std::string::npos;
        EXPECT_TRUE(is_searched) << name << ": " << step;
    }

    TestSchema schema_;
    RawDatabase raw_{schema_.url()};
    std::unique_ptr<Connection> connection_;
};

TEST_F(PostgresPlans, EveryStatementSearchesByIndexWhileTheTablesAreEmpty) {
    expect_all_by_index();
}

TEST_F(PostgresPlans, EveryStatementSearchesByIndexWhenTheTablesAreLarge) {
    fill(raw_, jobs_of_a_large_table());
    expect_all_by_index();
}

TEST_F(PostgresPlans, PagesComeFromTheIndexMadeForThem) {
    fill(raw_, 10'000);
    const auto expect_index = [this](std::string_view text, const std::string& step) {
        EXPECT_NE(whole_plan_of(text).find(step), std::string::npos) << step << "\n" << whole_plan_of(text);
    };
    expect_index(sql::list_jobs, "Index Scan Backward using jobs_by_owner on jobs");
    expect_index(sql::list_jobs_by_status, "Index Scan Backward using jobs_by_owner_and_status on jobs");
    expect_index(sql::list_images, "Index Scan Backward using images_by_owner on images");
    expect_index(sql::similar_ids, "Index Only Scan using images_by_owner on images");
    expect_index(sql::changes_after, "Index Scan using jobs_by_change on jobs");
    expect_index(sql::claimable, "Index Scan using jobs_claimable on jobs");
    // As the trigger asks that chooses a job's lane.
    expect_index(
        "SELECT 1 FROM jobs WHERE (owner, lane) >= ($1, $2) AND (owner, lane) <= ($1, $2)"
        " AND status = 'PROCESSING' ORDER BY owner, lane LIMIT 16",
        "using jobs_with_work on jobs");
    expect_index(
        "SELECT 1 FROM jobs WHERE (owner, lane) >= ($1, 3) AND (owner, lane) <= ($1, $2 + 3)"
        " AND status = 'PROCESSING' ORDER BY owner, lane LIMIT 1",
        "using jobs_with_work on jobs");
    expect_index(sql::next_rerender, "Index Scan using rerenders_claimable on rerenders");
    expect_index(sql::rerender_counts, "Index Only Scan using rerenders_by_name on rerenders");
    expect_index(sql::doom_overdue, "Index Scan using blobs_overdue on blobs");
    expect_index(sql::doomed, "using blobs_doomed on blobs");
    expect_index(sql::usage_of_account, "using account_usage_pkey on account_usage");
    // The last of account_pixels, which is a view.
    expect_index(sql::usage_of_account, "using account_usage_pkey on account_usage account_usage_3");
    expect_index(sql::usage_of_account, "using upload_minutes_pkey on upload_minutes");
    expect_index(sql::usage_of_account, "using upload_places_by_account on upload_places");
    expect_index(sql::lock_quotas, "using quota_locks_pkey on quota_locks");
    expect_index(sql::drop_upload_places, "using upload_places_by_account on upload_places");
    // As the triggers ask that count.
    expect_index("SELECT sum(size_bytes) FROM variants WHERE image_id = $1",
                 "using variants_pkey on variants");
    expect_index("SELECT owner FROM jobs WHERE image_id = $1", "using jobs_image_id_key on jobs");
    expect_index("DELETE FROM usage_dues WHERE id = $1", "using usage_dues_pkey on usage_dues");
    expect_index(sql::overdue_keys, "Index Scan using idempotency_keys_by_expiry on idempotency_keys");
    for (const std::string_view next :
         {sql::next_retention, sql::take_next_retention, sql::far_off_retention, sql::take_far_off_retention})
        expect_index(next, "Index Scan using accounts_by_retention on accounts");
    for (const std::string_view next : {sql::next_own_retention, sql::take_next_own_retention,
                                        sql::far_off_own_retention, sql::take_far_off_own_retention})
        expect_index(next, "Index Scan using accounts_with_retention on accounts");
    expect_index(sql::account_with_expiry, "using accounts_with_expiry on accounts");
    for (const std::string_view page : {sql::jobs_of_old_images, sql::overdue_of_images})
        expect_index(page, "using images_by_owner on images");
}

TEST_F(PostgresPlans, WhatIsSentIsFoundByItsOwnIndexFromTheBeginning) {
    const auto expect_index = [this](std::string_view text, const std::string& step) {
        EXPECT_NE(whole_plan_of(text).find(step), std::string::npos) << step << "\n" << whole_plan_of(text);
    };
    for (const int count : {0, 10'000}) {
        if (count > 0) fill(raw_, count);
        expect_index(sql::claim_delivery, "Index Scan using webhook_deliveries_id_key on webhook_deliveries");
        expect_index(sql::delivery_taken, "Index Scan using webhook_deliveries_id_key on webhook_deliveries");
        expect_index(sql::url_of_webhook, "Index Scan using webhooks_pkey on webhooks");
        expect_index(sql::disable_webhook, "Index Scan using webhooks_pkey on webhooks");
        expect_index(sql::disable_failing_webhook,
                     "Index Only Scan using webhook_deliveries_delivered on webhook_deliveries taken");
        expect_index(sql::due_deliveries, "Index Scan using webhook_deliveries_waiting");
        expect_index(
            sql::due_deliveries,
            "Index Cond: ((webhook = due.webhook) AND (job = due.job) AND (sequence < due.sequence))");
        expect_index(sql::list_deliveries, "Index Scan Backward using webhook_deliveries_pkey");
        expect_index(sql::list_failed_deliveries, "Index Scan Backward using webhook_deliveries_failed");
        // As the trigger asks that writes the outbox.
        expect_index(
            "SELECT id FROM webhooks WHERE owner = $1 AND removed_at IS NULL AND disabled_at IS NULL"
            " AND (events = 0 OR (events & $2) <> 0)",
            "Index Scan using webhooks_by_owner on webhooks");
    }
}

TEST_F(PostgresPlans, APageCostsItsRowsAndNotTheTables) {
    fill(raw_, jobs_of_a_large_table());
    raw_.must("VACUUM");
    const std::string owner = "'00000000-0000-7000-8000-000000000000'";
    const std::string first = "'00000000-0000-0000-0000-000000000000'";
    const std::string last = "'ffffffff-ffff-ffff-ffff-ffffffffffff'";
    const std::vector<std::pair<std::string_view, std::vector<std::string>>> pages{
        {sql::list_jobs, {owner, first, last, "51"}},
        {sql::list_jobs_by_status, {owner, first, last, "51", "'PROCESSED'"}},
        {sql::list_images, {owner, first, last, "51"}},
        {sql::claimable, {"100000000", "50"}},
        {sql::survey, {first, "50", "'b'"}},
        {sql::jobs_of_old_images, {owner, first, last, "51"}},
        {sql::overdue_of_images, {owner, first, last, "51", "100000000"}},
        {sql::references, {first, "50"}},
        {sql::doomed, {first, "50"}},
    };
    for (const auto& [text, values] : pages) {
        const auto plan = plan_of(text, "(ANALYZE, BUFFERS, TIMING off)", values);
        const auto buffers = std::ranges::find_if(
            plan, [](const std::string& line) { return line.find("Buffers: shared") != std::string::npos; });
        ASSERT_NE(buffers, plan.end()) << text;
        int blocks = 0;
        for (const std::string word : {"hit=", "read="}) {
            const auto at = buffers->find(word);
            if (at != std::string::npos) blocks += std::stoi(buffers->substr(at + word.size()));
        }
        // A row is found through at most three levels of an index, and a page joins three tables.
        EXPECT_LT(blocks, 51 * 4 * 3) << text << *buffers;
        EXPECT_GT(blocks, 0) << text;
    }
}

}  // namespace
}  // namespace safelight::postgres
