// No statement of ours scans or sorts a table.
#include <memory>
#include <span>

#include "catalog/sql/webhook_statements.h"
#include "catalog/sqlite/statements.h"
#include "catalog/sqlite/test_files.h"

namespace safelight::sqlite {
namespace {

class SqlitePlans : public testing::Test {
  protected:
    SqlitePlans() {
        const SystemClock clock;
        EXPECT_TRUE(make_sqlite_migrator(config_of(folder_), clock).value()->up());
        raw_ = std::make_unique<RawDatabase>(folder_.file());
    }

    std::vector<std::string> plan_of(std::string_view text) {
        return raw_->column("EXPLAIN QUERY PLAN " + std::string(text), 3);
    }
    void expect_all_by_index(std::span<const sql::Named> statements) {
        for (const auto& [name, text] : statements) {
            for (const std::string& step : plan_of(text)) {
                // "page" is the page itself, already cut to its limit; a constant row is no table's.
                const bool scans = step.find("SCAN ") != std::string::npos && step != "SCAN page" &&
                                   step != "SCAN CONSTANT ROW";
                EXPECT_FALSE(scans) << name << ": " << step;
                EXPECT_EQ(step.find("TEMP B-TREE"), std::string::npos) << name << ": " << step;
                EXPECT_EQ(step.find("AUTOMATIC"), std::string::npos) << name << ": " << step;
            }
        }
    }
    void expect_index(std::string_view text, const std::string& index) {
        std::string plan;
        for (const auto& step : plan_of(text)) plan += step + "\n";
        EXPECT_NE(plan.find(index), std::string::npos) << index << "\n" << plan;
    }

    DatabaseFolder folder_;
    std::unique_ptr<RawDatabase> raw_;
};

TEST_F(SqlitePlans, EveryStatementSearchesByIndexAndNoneSorts) {
    expect_all_by_index(sql::own);
    expect_all_by_index(sql::shared);
    expect_all_by_index(sql::of_webhooks);
    expect_all_by_index(sql::shared_of_retention);
}

TEST_F(SqlitePlans, PagesComeFromTheIndexMadeForThem) {
    expect_index(sql::list_jobs, "jobs_by_owner (owner=? AND id>? AND id<?)");
    expect_index(sql::list_jobs_by_status,
                 "jobs_by_owner_and_status (owner=? AND status=? AND id>? AND id<?)");
    expect_index(sql::list_images, "images_by_owner (owner=? AND id>? AND id<?)");
    expect_index(sql::images_within, "COVERING INDEX images_by_dhash (owner=?");
    expect_index(sql::changes_after, "jobs_by_change (owner=? AND change>?)");
    expect_index(sql::claimable, "jobs_claimable (lane=? AND due_at<?)");
    expect_index(sql::next_rerender, "rerenders_claimable (due_at<?)");
    expect_index(sql::rerender_counts, "COVERING INDEX rerenders_by_name");
    expect_index(sql::doom_overdue, "blobs_overdue (deadline<?)");
    expect_index(sql::due_deliveries, "webhook_deliveries_waiting (webhook=?)");
    expect_index(sql::due_deliveries, "webhook_deliveries_of_job (webhook=? AND job=? AND sequence<?)");
    expect_index(sql::list_deliveries, "webhook_deliveries_by_webhook (webhook=? AND sequence<?)");
    expect_index(sql::list_failed_deliveries, "webhook_deliveries_failed (webhook=? AND sequence<?)");
    expect_index(sql::disable_failing_webhook, "webhook_deliveries_delivered (webhook=? AND finished_at>?)");
    expect_index(sql::old_deliveries, "webhook_deliveries_finished (finished_at<?)");
    expect_index(sql::usage_of_account, "upload_places USING COVERING INDEX upload_places_by_account");
    expect_index(sql::drop_upload_places, "upload_places_by_account (account=? AND expires_at<?)");
    expect_index(sql::overdue_keys, "idempotency_keys_by_expiry (expires_at<?)");
    expect_index(sql::next_retention, "accounts_by_retention (retention_due_at<?)");
    expect_index(sql::next_own_retention, "accounts_with_retention (retention_due_at<?)");
    expect_index(sql::far_off_retention, "accounts_by_retention (retention_due_at>?)");
    expect_index(sql::far_off_own_retention, "accounts_with_retention (retention_due_at>?)");
    expect_index(sql::account_with_expiry, "accounts_with_expiry (id>?)");
    expect_index(sql::jobs_of_old_images, "images_by_owner (owner=? AND id>? AND id<?)");
    expect_index(sql::overdue_of_images, "images_by_owner (owner=? AND id>? AND id<?)");
}

}  // namespace
}  // namespace safelight::sqlite
