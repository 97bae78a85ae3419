#include "queue/fallback_queue.h"

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace safelight {
namespace {

/// What it delivers and refuses is told to it.
class ToldQueue final : public JobQueue {
  public:
    Status publish(const WaitingJob&) override { return publishes ? Status{} : away(); }

    Result<std::optional<Delivery>> receive(Milliseconds timeout, const std::stop_token&) override {
        timeouts.push_back(timeout);
        if (!receives) return away();
        if (waiting.empty()) return std::nullopt;
        Delivery next = waiting.front();
        waiting.pop_front();
        return next;
    }

    Status acknowledge(const Delivery& delivery) override {
        acknowledged.push_back(delivery.receipt);
        return {};
    }

    Result<LaneDepths> depths() override { return LaneDepths{0, waiting.size()}; }
    Status check() override { return publishes ? Status{} : away(); }

    bool publishes = true;
    bool receives = true;
    std::deque<Delivery> waiting;
    std::vector<std::string> acknowledged;
    std::vector<Milliseconds> timeouts;

  private:
    static std::unexpected<Error> away() { return failure(ErrorCode::unavailable, "The queue is away."); }
};

class FallbackQueueTest : public testing::Test {
  protected:
    FallbackQueueTest() {
        auto first = std::make_unique<ToldQueue>();
        auto spare = std::make_unique<ToldQueue>();
        first_ = first.get();
        spare_ = spare.get();
        queue_ = make_fallback_queue(std::move(first), std::move(spare));
    }

    Result<std::optional<Delivery>> receive(Milliseconds timeout = Milliseconds{30'000}) {
        return queue_->receive(timeout, {});
    }

    ToldQueue* first_;
    ToldQueue* spare_;
    std::unique_ptr<JobQueue> queue_;
};

TEST_F(FallbackQueueTest, TheSpareIsNotAskedWhileTheFirstAnswers) {
    spare_->waiting.push_back({{}, Lane::normal, "s"});
    EXPECT_EQ(receive().value(), std::nullopt);
    EXPECT_TRUE(spare_->timeouts.empty());
    EXPECT_EQ(first_->timeouts, std::vector{Milliseconds{30'000}});
}

TEST_F(FallbackQueueTest, TheSpareDeliversWhileTheFirstDoesNotAnswer) {
    first_->receives = false;
    spare_->waiting.push_back({{}, Lane::normal, "s"});
    const auto delivery = receive();
    ASSERT_TRUE(delivery && *delivery);
    EXPECT_EQ(spare_->timeouts, std::vector{fallback_turn});
    ASSERT_TRUE(queue_->acknowledge(**delivery));
    EXPECT_EQ(spare_->acknowledged, std::vector<std::string>{"s"});
    EXPECT_TRUE(first_->acknowledged.empty());
}

TEST_F(FallbackQueueTest, AndWhileTheFirstTakesNoHints) {
    first_->publishes = false;
    EXPECT_FALSE(queue_->publish({}));
    spare_->waiting.push_back({{}, Lane::normal, "s"});
    const auto delivery = receive();
    ASSERT_TRUE(delivery && *delivery);
    EXPECT_EQ(first_->timeouts, std::vector{fallback_turn}) << "it is still looked at, but not waited for";
    first_->publishes = true;
    EXPECT_TRUE(queue_->publish({}));
    EXPECT_EQ(receive().value(), std::nullopt);
    EXPECT_EQ(spare_->timeouts.size(), 1U);
}

TEST_F(FallbackQueueTest, ReceiptsGoToWhereTheyAreFrom) {
    first_->waiting.push_back({{}, Lane::normal, "f"});
    const auto delivery = receive();
    ASSERT_TRUE(delivery && *delivery);
    ASSERT_TRUE(queue_->acknowledge(**delivery));
    EXPECT_EQ(first_->acknowledged, std::vector<std::string>{"f"});
}

TEST_F(FallbackQueueTest, WhenBothAreAwayItIsAnError) {
    first_->receives = spare_->receives = false;
    EXPECT_FALSE(receive());
}

TEST_F(FallbackQueueTest, AShortWaitStaysShort) {
    first_->receives = false;
    EXPECT_EQ(receive(Milliseconds::zero()).value(), std::nullopt);
    EXPECT_EQ(spare_->timeouts, std::vector{Milliseconds::zero()});
}

TEST_F(FallbackQueueTest, ReadinessIsThatOfTheFirst) {
    EXPECT_TRUE(queue_->check());
    first_->publishes = false;
    EXPECT_FALSE(queue_->check());
}

}  // namespace
}  // namespace safelight
