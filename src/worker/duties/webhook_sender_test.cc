#include "worker/duties/webhook_sender.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "service/testing/house.h"
#include "webhooks/delivery_decision.h"
#include "webhooks/signature.h"

namespace safelight {
namespace {

using namespace safelight::testing;
using namespace std::chrono_literals;

const Timestamp start{1'700'000'000'000ms};

PostResult refused(int status) {
    return {.status = status, .error = "bad_status", .retry_after = ""};
}

/// Answers as a test says, and remembers what was sent.
class ScriptedPoster final : public WebhookPoster {
  public:
    struct Sent {
        std::string url;
        std::string message_id;
        std::string payload;
        std::size_t secrets = 0;
    };

    PostResult post(const WebhookPost& post, const std::stop_token& stop) override {
        std::unique_lock lock(mutex_);
        sent_.push_back({post.url, post.message_id, post.payload, post.secrets.size()});
        ++in_flight_[post.url];
        most_[post.url] = std::max(most_[post.url], in_flight_[post.url]);
        changed_.notify_all();
        const bool holds = held_.contains(post.url);
        if (holds) changed_.wait(lock, stop, [&] { return !held_.contains(post.url); });
        --in_flight_[post.url];
        if (holds && stop.stop_requested())
            return {.status = {}, .error = "stopped", .retry_after = {}, .is_stopped = true};
        const auto found = answers_.find(post.url);
        return found == answers_.end() ? PostResult{.status = 200, .error = "", .retry_after = ""}
                                       : found->second;
    }

    void answer(const std::string& url, const PostResult& result) {
        const std::lock_guard lock(mutex_);
        answers_[url] = result;
    }
    void hold(const std::string& url) {
        const std::lock_guard lock(mutex_);
        held_.insert(url);
    }
    void let_go(const std::string& url) {
        const std::lock_guard lock(mutex_);
        held_.erase(url);
        changed_.notify_all();
    }
    void await_sent(std::size_t count) {
        std::unique_lock lock(mutex_);
        ASSERT_TRUE(changed_.wait_for(lock, patience, [&] { return sent_.size() >= count; }));
    }
    std::vector<Sent> sent() {
        const std::lock_guard lock(mutex_);
        return sent_;
    }
    int most_at_once(const std::string& url) {
        const std::lock_guard lock(mutex_);
        return most_[url];
    }

  private:
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::vector<Sent> sent_;
    std::map<std::string, PostResult> answers_;
    std::set<std::string> held_;
    std::map<std::string, int> in_flight_;
    std::map<std::string, int> most_;
};

class WebhookSenderTest : public ::testing::Test {
  protected:
    Webhook endpoint(const std::string& url, WebhookEvents events = {}, AccountId owner = default_account()) {
        Webhook webhook;
        webhook.id = house.ids.next<WebhookId>();
        webhook.owner = owner;
        webhook.url = url;
        webhook.events = events;
        webhook.updated_at = clock.now();
        EXPECT_TRUE(house.database->webhooks().create(webhook, house.ids.next<WebhookSecretId>(),
                                                      new_signing_secret(), 100));
        return webhook;
    }
    Webhook find(const Webhook& webhook) {
        return value_of(house.database->webhooks().find(house.owner, webhook.id));
    }
    std::vector<WebhookDelivery> deliveries(const Webhook& webhook) {
        return value_of(house.database->webhooks().deliveries(
            {.owner = house.owner, .webhook = webhook.id, .limit = 1'000}));
    }
    std::vector<DeliveryStatus> statuses(const Webhook& webhook) {
        std::vector<DeliveryStatus> all;
        for (const WebhookDelivery& delivery : deliveries(webhook)) all.push_back(delivery.status);
        return all;
    }
    /// A job that fails: each writes a delivery for each endpoint.
    Job finish_one() {
        const Job job = house.upload({"thumbnail"}, 300);
        fail(job);
        return job;
    }
    void finish_one_of(AccountId owner) {
        const auto ingest = house.make_ingest();
        const auto upload = value_of(ingest->begin(owner));
        ASSERT_TRUE(upload->write(make_picture(300, house.ids.next<JobId>().to_string())));
        fail(value_of(upload->finish({.filename = "cat.jpg", .variants = House::requests({"thumbnail"})})));
    }
    void fail(const Job& job) {
        const Claim claim = *value_of(house.claims.claim(job.id, 1min, clock.now()));
        const VariantOutcome failed{"thumbnail", std::nullopt, VariantError{ErrorCode::timeout, "Late."}};
        ASSERT_TRUE(house.claims.complete(job.id, claim.attempt, std::span(&failed, 1), clock.now()));
    }
    /// Until nothing is due any more.
    void send_all() {
        while (sender.begin_due({}) > 0) sender.await_idle();
    }

    ManualClock clock{start};
    House house{clock};
    ScriptedPoster poster;
    WebhookConfig config{.attempts_max = 8,
                         .attempts_per_endpoint_max = 2,
                         .timeout = 15s,
                         .retries = RetrySchedule({10s, 60s}),
                         .interval = 1h};
    WebhookSender sender{{clock, house.database->outbox(), poster, house.log, house.metrics}, config};
};

TEST_F(WebhookSenderTest, WhatIsFinishedIsTold) {
    const Webhook webhook = endpoint("https://a/");
    const Job job = finish_one();
    send_all();
    ASSERT_EQ(poster.sent().size(), 1U);
    const auto sent = poster.sent().front();
    EXPECT_EQ(sent.url, "https://a/");
    EXPECT_EQ(sent.secrets, 1U);
    EXPECT_EQ(sent.payload,
              R"({"type":"job.failed","timestamp":"2023-11-14T22:13:20.000Z","data":{"job_id":")" +
                  job.id.to_string() + R"(","image_id":")" + job.image.id.to_string() +
                  R"(","status":"FAILED"}})");
    const auto log = deliveries(webhook);
    ASSERT_EQ(log.size(), 1U);
    EXPECT_EQ(log[0].status, DeliveryStatus::delivered);
    EXPECT_EQ(sent.message_id, message_id_of(log[0].id));
    ASSERT_EQ(log[0].attempts.size(), 1U);
    EXPECT_EQ(log[0].attempts[0].http_status, 200);
    EXPECT_EQ(log[0].attempts[0].error, "");
    EXPECT_NE(house.metrics.expose().find(R"(safelight_webhook_attempts_total{result="delivered"} 1)"),
              std::string::npos);
    EXPECT_EQ(sender.begin_due({}), 0U);
}

TEST_F(WebhookSenderTest, WhatFailsIsSentAgainUnchangedAndInTheEndGivenUp) {
    const Webhook webhook = endpoint("https://a/");
    const Webhook other = endpoint("https://other/", {WebhookEvent::webhook_disabled});
    poster.answer("https://a/", refused(500));
    finish_one();
    send_all();
    EXPECT_EQ(poster.sent().size(), 1U);
    EXPECT_EQ(sender.begin_due({}), 0U) << "it is not due yet";
    clock.advance(12s);
    send_all();
    clock.advance(72s);
    send_all();
    ASSERT_EQ(poster.sent().size(), 4U);
    for (std::size_t i = 1; i < 3; ++i) {
        EXPECT_EQ(poster.sent()[i].message_id, poster.sent()[0].message_id);
        EXPECT_EQ(poster.sent()[i].payload, poster.sent()[0].payload);
    }
    EXPECT_EQ(statuses(webhook), std::vector{DeliveryStatus::failed});
    EXPECT_EQ(deliveries(webhook)[0].attempts.size(), 3U);
    EXPECT_EQ(find(webhook).disabled_reason, DisabledReason::failing);
    EXPECT_EQ(poster.sent()[3].url, "https://other/");
    EXPECT_EQ(poster.sent()[3].payload,
              R"({"type":"webhook.disabled","timestamp":"2023-11-14T22:14:44.000Z","data":{"webhook_id":")" +
                  webhook.id.to_string() + R"(","reason":"failing"}})");
    EXPECT_EQ(house.log.count(telemetry::Level::warn, "webhook disabled"), 1U);
    EXPECT_EQ(statuses(other), std::vector{DeliveryStatus::delivered});
}

TEST_F(WebhookSenderTest, WhatThisMachineLacksIsNotChargedToTheEndpoint) {
    const Webhook webhook = endpoint("https://a/");
    poster.answer("https://a/",
                  {.status = {}, .error = "no_resources", .retry_after = {}, .is_unsent = true});
    for (int i = 0; i < 3; ++i) finish_one();
    for (int i = 0; i < 5; ++i) {  // more often than an endpoint may fail
        EXPECT_EQ(sender.begin_due({}), 2U);
        sender.await_idle();
        EXPECT_EQ(sender.begin_due({}), 0U) << "the third one would find nothing either";
        clock.advance(10s);
    }
    EXPECT_EQ(statuses(webhook), std::vector(3, DeliveryStatus::waiting));
    for (const WebhookDelivery& delivery : deliveries(webhook)) EXPECT_TRUE(delivery.attempts.empty());
    EXPECT_FALSE(find(webhook).disabled_at);
    // It never rested: two at a time are sent at once.
    poster.answer("https://a/", {.status = 200, .error = "", .retry_after = ""});
    EXPECT_EQ(sender.begin_due({}), 2U);
    sender.await_idle();
    send_all();
    EXPECT_EQ(statuses(webhook), std::vector(3, DeliveryStatus::delivered));
}

TEST_F(WebhookSenderTest, WhoIsGoneIsDisabledAtOnce) {
    const Webhook webhook = endpoint("https://a/");
    poster.answer("https://a/", refused(410));
    finish_one();
    send_all();
    EXPECT_EQ(find(webhook).disabled_reason, DisabledReason::gone);
    EXPECT_EQ(statuses(webhook), std::vector{DeliveryStatus::failed});
    finish_one();
    EXPECT_EQ(deliveries(webhook).size(), 1U) << "nothing is written for it any more";
}

TEST_F(WebhookSenderTest, WhatWaitedGoesOutWhenTheEndpointIsEnabledAgain) {
    const Webhook webhook = endpoint("https://a/");
    poster.answer("https://a/", refused(500));
    for (int i = 0; i < 3; ++i) finish_one();
    send_all();
    poster.answer("https://a/", refused(410));
    clock.advance(12s);
    send_all();
    EXPECT_EQ(find(webhook).disabled_reason, DisabledReason::gone);
    const std::size_t before = poster.sent().size();
    clock.advance(1h);
    EXPECT_EQ(sender.begin_due({}), 0U);
    poster.answer("https://a/", {.status = 200, .error = "", .retry_after = ""});
    ASSERT_TRUE(house.database->webhooks().update(house.owner, webhook.id, {.enabled = true}, clock.now()));
    send_all();
    EXPECT_EQ(poster.sent().size(), before + 2);
    EXPECT_EQ(statuses(webhook),
              (std::vector{DeliveryStatus::delivered, DeliveryStatus::delivered, DeliveryStatus::failed}));
}

TEST_F(WebhookSenderTest, OneFailureHoldsUpNothingAndTheSecondOnEndMakesItRest) {
    const Webhook webhook = endpoint("https://a/");
    poster.answer("https://a/", refused(500));
    finish_one();
    send_all();
    poster.answer("https://a/", {.status = 200, .error = "", .retry_after = ""});
    finish_one();
    send_all();
    EXPECT_EQ(statuses(webhook), (std::vector{DeliveryStatus::delivered, DeliveryStatus::waiting}));
    poster.answer("https://a/", refused(500));
    for (int i = 0; i < 4; ++i) finish_one();
    send_all();
    EXPECT_EQ(poster.sent().size(), 4U) << "two at the same time failed, and nothing was sent after them";
    clock.advance(10s);
    EXPECT_EQ(sender.begin_due({}), 1U) << "then one at a time";
    sender.await_idle();
}

TEST_F(WebhookSenderTest, OfOneJobTheOlderOneComesFirst) {
    const Webhook webhook = endpoint("https://a/");
    poster.answer("https://a/", refused(500));
    const Job job = finish_one();
    send_all();
    ASSERT_TRUE(value_of(house.database->control().retry(house.owner, job.id, 3, clock.now())).status ==
                JobStatus::processing);
    fail(job);
    poster.answer("https://a/", {.status = 200, .error = "", .retry_after = ""});
    clock.advance(5s);
    EXPECT_EQ(sender.begin_due({}), 0U) << "the newer one waits for the older";
    clock.advance(12s);
    send_all();
    const auto log = deliveries(webhook);
    ASSERT_EQ(log.size(), 2U);
    const auto sent = poster.sent();
    ASSERT_EQ(sent.size(), 3U);
    EXPECT_EQ(sent[1].message_id, message_id_of(log[1].id));
    EXPECT_EQ(sent[2].message_id, message_id_of(log[0].id));
}

TEST_F(WebhookSenderTest, ASlowEndpointIsNotInTheWayOfOthers) {
    endpoint("https://slow/");
    endpoint("https://quick/");
    poster.hold("https://slow/");
    for (int i = 0; i < 10; ++i) finish_one();
    for (int i = 0; i < 5; ++i) {
        sender.begin_due({});
        poster.await_sent(static_cast<std::size_t>(2 + 2 * (i + 1)));
        while (sender.in_flight() > 2) std::this_thread::yield();
    }
    EXPECT_EQ(poster.most_at_once("https://slow/"), 2);
    EXPECT_LE(poster.most_at_once("https://quick/"), 2);
    EXPECT_EQ(std::ranges::count(poster.sent(), "https://quick/", &ScriptedPoster::Sent::url), 10);
    poster.let_go("https://slow/");
    sender.await_idle();
    send_all();
    EXPECT_EQ(std::ranges::count(poster.sent(), "https://slow/", &ScriptedPoster::Sent::url), 10);
}

TEST_F(WebhookSenderTest, AnAccountWithSlowEndpointsIsNotInTheWayOfOthers) {
    const auto other = house.ids.next<AccountId>();
    std::vector<std::string> slow;
    for (int i = 0; i < 10; ++i) {
        slow.push_back("https://slow-" + std::to_string(i) + "/");
        endpoint(slow.back());
        poster.hold(slow.back());
    }
    const Webhook quick = endpoint("https://quick/", {}, other);
    for (int i = 0; i < 2; ++i) finish_one();
    sender.begin_due({});
    poster.await_sent(6);
    EXPECT_EQ(sender.in_flight(), 6U) << "alone it has three quarters";
    for (std::size_t i = 1; i <= 5; ++i) {
        finish_one_of(other);
        EXPECT_EQ(sender.begin_due({}), 1U);
        poster.await_sent(6 + i);
        while (sender.in_flight() > 6) std::this_thread::yield();
        EXPECT_EQ(poster.sent().back().url, "https://quick/");
    }
    EXPECT_EQ(value_of(house.database->webhooks().deliveries(
                           {.owner = other, .webhook = quick.id, .status = DeliveryStatus::delivered}))
                  .size(),
              5U);
    for (const std::string& url : slow) poster.let_go(url);
    sender.await_idle();
    send_all();
    EXPECT_EQ(poster.sent().size(), 25U);
}

TEST_F(WebhookSenderTest, AChangedEndpointDoesNotRest) {
    const Webhook webhook = endpoint("https://a/");
    poster.answer("https://a/", {.status = 429, .error = "bad_status", .retry_after = "3600"});
    for (int i = 0; i < 3; ++i) finish_one();
    EXPECT_EQ(sender.begin_due({}), 2U);
    sender.await_idle();
    EXPECT_EQ(sender.begin_due({}), 0U) << "it rests";
    clock.advance(1s);
    ASSERT_TRUE(
        house.database->webhooks().update(house.owner, webhook.id, {.url = "https://b/"}, clock.now()));
    EXPECT_EQ(sender.begin_due({}), 1U);
    sender.await_idle();
    EXPECT_EQ(poster.sent().back().url, "https://b/");
}

TEST_F(WebhookSenderTest, RetryAfterMovesTheDeliveryThatItWasSaidOf) {
    const Webhook webhook = endpoint("https://a/");
    poster.answer("https://a/", {.status = 503, .error = "bad_status", .retry_after = "3600"});
    finish_one();
    send_all();
    poster.answer("https://a/", {.status = 200, .error = "", .retry_after = ""});
    finish_one();
    clock.advance(1min);
    send_all();
    EXPECT_EQ(statuses(webhook), (std::vector{DeliveryStatus::delivered, DeliveryStatus::waiting}));
    EXPECT_EQ(deliveries(webhook)[1].due_at, start + 1h);
    clock.advance(1h);
    send_all();
    EXPECT_EQ(statuses(webhook), std::vector(2, DeliveryStatus::delivered));
}

TEST_F(WebhookSenderTest, WhatIsNeverTakenDoesNotDisableAnEndpointThatTakesTheRest) {
    const Webhook webhook = endpoint("https://a/");
    poster.answer("https://a/", refused(500));
    finish_one();
    send_all();
    clock.advance(12s);
    poster.answer("https://a/", {.status = 200, .error = "", .retry_after = ""});
    const auto broken = value_of(house.database->outbox().claim(webhook.id, 1, config.lease(), clock.now()));
    finish_one();
    send_all();
    DeliveryOutcome last = decide_delivery(refused(500), 2, config.retries, clock.now(), 0.5);
    last.attempt.started_at = clock.now();
    EXPECT_EQ(house.database->outbox().record(broken.claims.at(0), last, clock.now()), false);
    EXPECT_EQ(statuses(webhook), (std::vector{DeliveryStatus::delivered, DeliveryStatus::failed}));
    EXPECT_FALSE(find(webhook).disabled_at);
}

TEST_F(WebhookSenderTest, WhatADeadProcessHadIsSentAgainWithTheSameId) {
    const Webhook webhook = endpoint("https://a/");
    finish_one();
    DeliveryOutbox& outbox = house.database->outbox();
    const auto lost = value_of(outbox.claim(webhook.id, 4, config.lease(), clock.now()));
    ASSERT_EQ(lost.claims.size(), 1U);
    EXPECT_EQ(sender.begin_due({}), 0U) << "it may still be on its way";
    clock.advance(config.lease() + 1ms);
    send_all();
    ASSERT_EQ(poster.sent().size(), 1U);
    EXPECT_EQ(poster.sent()[0].message_id, message_id_of(lost.claims[0].id));
    DeliveryOutcome late;
    late.attempt.http_status = 200;
    EXPECT_EQ(outbox.record(lost.claims[0], late, clock.now()).error().code, ErrorCode::fenced);
    const auto log = deliveries(webhook);
    ASSERT_EQ(log[0].attempts.size(), 1U);
    EXPECT_EQ(log[0].attempts[0].number, 2U) << "the first one belongs to the dead";
}

TEST_F(WebhookSenderTest, AStopGivesBackWhatIsOnItsWay) {
    const Webhook webhook = endpoint("https://a/");
    poster.hold("https://a/");
    finish_one();
    sender.begin_due({});
    poster.await_sent(1);
    sender.stop(10ms);
    EXPECT_EQ(sender.in_flight(), 0U);
    const auto log = deliveries(webhook);
    ASSERT_EQ(log.size(), 1U);
    EXPECT_EQ(log[0].status, DeliveryStatus::waiting);
    EXPECT_EQ(log[0].due_at, clock.now());
    EXPECT_TRUE(log[0].attempts.empty());
}

TEST_F(WebhookSenderTest, InTheBackgroundItFindsWhatIsDue) {
    const Webhook webhook = endpoint("https://a/");
    for (int i = 0; i < 5; ++i) finish_one();
    sender.start();
    poster.await_sent(5);
    sender.stop(patience);
    EXPECT_EQ(statuses(webhook), std::vector(5, DeliveryStatus::delivered));
}

}  // namespace
}  // namespace safelight
