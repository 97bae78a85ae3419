#include "api/account_turns.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <optional>
#include <vector>

namespace safelight {
namespace {

class AccountTurnsTest : public ::testing::Test {
  protected:
    /// Somebody who comes, and keeps the turn in `held` until the test takes it away.
    struct Visitor {
        std::optional<AccountTurns::Turn> held{};
        std::optional<ErrorCode> refused{};
    };

    static http::Task<void> visit(AccountTurns& turns, AccountId account, Visitor& visitor) {
        auto turn = co_await turns.take(account);
        if (turn) {
            visitor.held.emplace(*std::move(turn));
        } else {
            visitor.refused = turn.error().code;
        }
    }
    void come(AccountTurns& turns, AccountId account, Visitor& visitor) {
        boost::asio::co_spawn(context_, visit(turns, account, visitor), boost::asio::detached);
        settle();
    }
    void settle() {
        context_.restart();
        context_.poll();
    }

    SystemClock clock_;
    IdGenerator ids_{clock_};
    const AccountId busy_ = ids_.next<AccountId>();
    boost::asio::io_context context_;
};

TEST_F(AccountTurnsTest, SoManyOfAnAccountAtATimeInTheirOrder) {
    AccountTurns turns(2);
    std::vector<Visitor> visitors(4);
    for (Visitor& visitor : visitors) come(turns, busy_, visitor);
    EXPECT_TRUE(visitors[0].held && visitors[1].held);
    EXPECT_FALSE(visitors[2].held || visitors[3].held);
    Visitor other;
    come(turns, ids_.next<AccountId>(), other);
    EXPECT_TRUE(other.held) << "nobody else waits for them";
    visitors[1].held.reset();
    settle();
    EXPECT_TRUE(visitors[2].held);
    EXPECT_FALSE(visitors[3].held);
    visitors[0].held.reset();
    settle();
    EXPECT_TRUE(visitors[3].held);
}

TEST_F(AccountTurnsTest, WhoWaitsForTooLongIsRefusedAndLeavesTheLine) {
    AccountTurns turns(1, Milliseconds{5});
    Visitor first;
    Visitor late;
    Visitor next;
    come(turns, busy_, first);
    come(turns, busy_, late);
    context_.restart();
    context_.run();
    EXPECT_EQ(late.refused, ErrorCode::overloaded);
    first.held.reset();
    come(turns, busy_, next);
    EXPECT_TRUE(next.held);
}

}  // namespace
}  // namespace safelight
