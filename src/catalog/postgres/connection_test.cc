// Statements that share a way to the server: their order, whose error is whose, and what is committed.
#include "catalog/postgres/connection.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "catalog/postgres/testing/test_schema.h"

namespace safelight::postgres {
namespace {

constexpr std::string_view insert_one = "INSERT INTO numbers VALUES ($1)";
constexpr std::string_view count_all = "SELECT count(*) FROM numbers";

class PostgresConnection : public testing::Test {
  protected:
    PostgresConnection() {
        raw_.must("CREATE TABLE numbers (number bigint PRIMARY KEY CHECK (number > 0))");
        connection_ = open();
    }

    std::unique_ptr<Connection> open() {
        return Connection::open({.url = schema_.url(), .lock_timeout = Milliseconds{60'000}}).value();
    }
    Status insert(std::int64_t number) { return connection_->run_later(insert_one, number); }
    std::int64_t counted() {
        auto answer = connection_->query(count_all);
        return answer && answer->next() ? answer->integer(0) : -1;
    }
    /// As somebody else sees it.
    std::string committed() { return raw_.value("SELECT count(*) FROM numbers"); }

    TestSchema schema_;
    RawDatabase raw_{schema_.url()};
    std::unique_ptr<Connection> connection_;
};

TEST_F(PostgresConnection, WhatIsRunLaterComesBeforeWhatFollows) {
    connection_->begin();
    for (std::int64_t number = 1; number <= 300; ++number) ASSERT_TRUE(insert(number));
    EXPECT_EQ(counted(), 300);
    EXPECT_EQ(committed(), "0");
    ASSERT_TRUE(insert(301));
    ASSERT_TRUE(connection_->commit());
    EXPECT_EQ(committed(), "301");
    EXPECT_TRUE(connection_->is_idle());
    EXPECT_TRUE(connection_->is_quiet());
}

TEST_F(PostgresConnection, ATransactionOfNothingIsNone) {
    connection_->begin();
    EXPECT_FALSE(connection_->is_idle());
    EXPECT_TRUE(connection_->commit());
    EXPECT_TRUE(connection_->is_idle());
    connection_->begin();
    connection_->roll_back();
    EXPECT_TRUE(connection_->is_idle());
    EXPECT_EQ(counted(), 0);
}

TEST_F(PostgresConnection, AnErrorIsThatOfTheNextCallAndEndsTheTransaction) {
    for (const bool by_query : {true, false}) {
        connection_->begin();
        ASSERT_TRUE(insert(1));
        ASSERT_TRUE(insert(-1));
        ASSERT_TRUE(insert(2));
        const auto outcome =
            by_query ? connection_->run(insert_one, std::int64_t{3}).error() : connection_->commit().error();
        EXPECT_NE(outcome.log_text.find("23514"), std::string::npos) << outcome.log_text;
        EXPECT_TRUE(connection_->is_usable());
        EXPECT_FALSE(connection_->is_outcome_unknown());
        connection_->roll_back();
        EXPECT_TRUE(connection_->is_idle());
        EXPECT_EQ(committed(), "0");
    }
    EXPECT_EQ(counted(), 0) << "and the connection is good for more";
}

TEST_F(PostgresConnection, TheLastQueryIsCommittedWithWhatCameBefore) {
    connection_->begin();
    ASSERT_TRUE(insert(1));
    auto answer = connection_->query_and_commit(count_all);
    ASSERT_TRUE(answer && answer->next());
    EXPECT_EQ(answer->integer(0), 1);
    EXPECT_EQ(committed(), "1");
    EXPECT_TRUE(connection_->commit()) << "there is nothing left to do";
    EXPECT_TRUE(connection_->is_idle());

    connection_->begin();
    ASSERT_TRUE(insert(2));
    EXPECT_FALSE(connection_->query_and_commit("SELECT 1 / (SELECT count(*) FROM numbers WHERE number = 9)"));
    EXPECT_FALSE(connection_->is_outcome_unknown());
    connection_->roll_back();
    EXPECT_EQ(committed(), "1");
}

TEST_F(PostgresConnection, WhoGoesOnAfterAnErrorCommitsNothing) {
    connection_->begin();
    ASSERT_TRUE(insert(1));
    EXPECT_FALSE(connection_->run(insert_one, std::int64_t{-1}));
    const auto outcome = connection_->commit();
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, ErrorCode::internal);
    EXPECT_FALSE(connection_->is_outcome_unknown());
    EXPECT_EQ(committed(), "0");
    EXPECT_EQ(counted(), 0);
}

TEST_F(PostgresConnection, GivingUpLeavesOutWhatWasToRunLater) {
    connection_->begin();
    ASSERT_TRUE(insert(1));
    connection_->roll_back();
    EXPECT_TRUE(connection_->is_idle());
    EXPECT_EQ(counted(), 0);
}

TEST_F(PostgresConnection, AStatementThatCannotBePreparedIsNotTakenForPrepared) {
    constexpr std::string_view faulty = "SELECT number FROM no_such_table";
    for (int i = 0; i < 2; ++i) {
        connection_->begin();
        ASSERT_TRUE(insert(1));
        const auto outcome = connection_->query(faulty);
        ASSERT_FALSE(outcome);
        EXPECT_NE(outcome.error().log_text.find("42P01"), std::string::npos) << outcome.error().log_text;
        connection_->roll_back();
    }
    // What came behind it in the same batch was not prepared either.
    connection_->begin();
    ASSERT_TRUE(connection_->run_later(faulty));
    EXPECT_FALSE(connection_->query("SELECT max(number) FROM numbers"));
    connection_->roll_back();
    EXPECT_TRUE(connection_->query("SELECT max(number) FROM numbers"));
}

TEST_F(PostgresConnection, AScriptBelongsToTheTransaction) {
    connection_->begin();
    ASSERT_TRUE(connection_->script("INSERT INTO numbers VALUES (1); INSERT INTO numbers VALUES (2)"));
    ASSERT_TRUE(insert(3));
    ASSERT_TRUE(connection_->script("INSERT INTO numbers VALUES (4)"));
    EXPECT_EQ(committed(), "0");
    connection_->roll_back();
    EXPECT_EQ(committed(), "0");
    connection_->begin();
    ASSERT_TRUE(connection_->script("INSERT INTO numbers VALUES (1)"));
    ASSERT_TRUE(connection_->commit());
    EXPECT_EQ(committed(), "1");
}

TEST_F(PostgresConnection, WhoIsSentAwayBeforeTheCommitKnowsThatNothingWasCommitted) {
    raw_.must("BEGIN");
    raw_.must("LOCK TABLE numbers IN EXCLUSIVE MODE");
    Result<Answer> outcome = std::unexpected(Error{});
    std::thread caller([&] {
        connection_->begin();
        EXPECT_TRUE(insert(1));
        outcome = connection_->query_and_commit(count_all);
    });
    RawDatabase admin(test_server_url());
    const std::string waiting = schema_.ours("wait_event_type = 'Lock'");
    wait_until([&] { return admin.value("SELECT count(*) " + waiting) == "1"; }, "the statement to wait");
    EXPECT_EQ(admin.value("SELECT pg_terminate_backend(pid, 10000) " + waiting), "t");
    caller.join();
    raw_.must("ROLLBACK");
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, ErrorCode::unavailable);
    EXPECT_TRUE(connection_->is_lost());
    EXPECT_FALSE(connection_->is_outcome_unknown()) << "the server said so before it came to COMMIT";
    EXPECT_EQ(committed(), "0");
}

}  // namespace
}  // namespace safelight::postgres
