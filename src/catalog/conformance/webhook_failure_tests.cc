// Endpoints that are disabled, and enabled again.
#include <latch>
#include <thread>

#include "catalog/conformance/webhook_suite.h"

namespace safelight {
namespace {

constexpr Milliseconds minute{60'000};

TEST_P(WebhookConformance, GivingUpDisablesAndTellsTheOthersThatAskForIt) {
    const Webhook dead = create_webhook();
    const Webhook also_dead = create_webhook({WebhookEvent::job_failed, WebhookEvent::webhook_disabled});
    const Webhook asks = create_webhook({WebhookEvent::webhook_disabled});
    const Webhook theirs = create_webhook({WebhookEvent::webhook_disabled}, stranger_);
    finish();
    finish();
    auto batch = take(dead, 2);
    advance(minute);
    EXPECT_EQ(outbox().record(batch.claims.at(0), failed_attempt({}, DisabledReason::failing), now()), true);
    EXPECT_EQ(outbox().record(batch.claims.at(1), failed_attempt({}, DisabledReason::gone), now()), false)
        << "the first reason stays";
    EXPECT_EQ(state_of_webhook(dead).disabled_at, now());
    EXPECT_EQ(state_of_webhook(dead).disabled_reason, DisabledReason::failing);
    for (const Webhook& other : {asks, also_dead}) {
        batch = take(other);
        ASSERT_EQ(batch.claims.size(), 1U);
        EXPECT_EQ(batch.claims[0].payload, R"({"type":"webhook.disabled","timestamp":")" + to_rfc3339(now()) +
                                               R"(","data":{"webhook_id":")" + dead.id.to_string() +
                                               R"(","reason":"failing"}})");
    }
    EXPECT_FALSE(deliveries(asks)[0].job);
    EXPECT_TRUE(deliveries(theirs).empty());
    const std::size_t before = deliveries(dead).size();
    finish();
    EXPECT_EQ(deliveries(dead).size(), before) << "nothing is written for it any more";
}

TEST_P(WebhookConformance, WhatIsNeverTakenIsGivenUpAndTheEndpointThatTakesTheRestGoesOn) {
    const Webhook webhook = create_webhook();
    const Webhook asks = create_webhook({WebhookEvent::webhook_disabled});
    finish();
    const auto poisoned = take(webhook, 1);
    advance(minute);
    finish();
    for (const DeliveryClaim& claim : take(webhook).claims)
        if (claim.id != poisoned.claims.at(0).id)
            SAFELIGHT_ASSERT_OK(outbox().record(claim, delivered(), now()));
    ASSERT_EQ(deliveries(webhook, DeliveryStatus::delivered).size(), 1U);
    const auto given_up = deliveries(webhook, DeliveryStatus::waiting).at(0).id;
    advance(lease);
    const auto last = take(webhook);
    ASSERT_EQ(last.claims.at(0).id, given_up);
    EXPECT_EQ(outbox().record(last.claims[0], failed_attempt({}, DisabledReason::failing), now()), false);
    EXPECT_FALSE(state_of_webhook(webhook).disabled_at);
    EXPECT_TRUE(deliveries(asks).empty());
    EXPECT_EQ(deliveries(webhook, DeliveryStatus::failed).at(0).id, given_up);
    const auto replayed = webhooks().replay(default_account(), webhook.id, given_up, now());
    SAFELIGHT_ASSERT_OK(replayed);
    EXPECT_EQ(take(webhook).claims.at(0).id, given_up);
}

TEST_P(WebhookConformance, WhatWasTakenBeforeDoesNotKeepAnEndpointThatFails) {
    const Webhook webhook = create_webhook();
    const Webhook other = create_webhook();
    finish();
    deliver_all(webhook);
    advance(minute);
    finish();
    advance(minute);
    deliver_all(other);
    EXPECT_EQ(outbox().record(take(webhook).claims.at(0), failed_attempt({}, DisabledReason::failing), now()),
              true);
    EXPECT_EQ(state_of_webhook(webhook).disabled_reason, DisabledReason::failing);
}

TEST_P(WebhookConformance, WhoIsGoneIsDisabledWhateverItTook) {
    const Webhook webhook = create_webhook();
    finish();
    finish();
    const auto batch = take(webhook);
    advance(minute / 60);
    SAFELIGHT_ASSERT_OK(outbox().record(batch.claims.at(0), delivered(), now()));
    EXPECT_EQ(outbox().record(batch.claims.at(1), failed_attempt({}, DisabledReason::gone), now()), true);
    EXPECT_EQ(state_of_webhook(webhook).disabled_reason, DisabledReason::gone);
}

TEST_P(WebhookConformance, APauseIsNoNews) {
    const Webhook paused = create_webhook();
    const Webhook asks = create_webhook({WebhookEvent::webhook_disabled});
    SAFELIGHT_ASSERT_OK(webhooks().update(default_account(), paused.id, {.enabled = false}, now()));
    EXPECT_TRUE(deliveries(asks).empty());
}

TEST_P(WebhookConformance, WhatWaitedIsDueWhenTheEndpointIsEnabledAgain) {
    const Webhook webhook = create_webhook();
    for (int i = 0; i < 3; ++i) finish();
    auto batch = take(webhook, 2);
    SAFELIGHT_ASSERT_OK(outbox().record(batch.claims[0], failed_attempt(minute * 60), now()));
    SAFELIGHT_ASSERT_OK(outbox().record(batch.claims[1], failed_attempt({}, DisabledReason::failing), now()));
    EXPECT_TRUE(take(webhook).claims.empty());
    advance(minute);
    const auto enabled = webhooks().update(default_account(), webhook.id, {.enabled = true}, now());
    SAFELIGHT_ASSERT_OK(enabled);
    EXPECT_FALSE(enabled->disabled_at);
    EXPECT_FALSE(enabled->disabled_reason);
    batch = take(webhook);
    ASSERT_EQ(batch.claims.size(), 2U);
    for (const DeliveryClaim& claim : batch.claims) EXPECT_EQ(claim.tries, 0U);
}

TEST_P(WebhookConformance, WhatIsOnItsWayIsNotSentTwiceBecauseTheEndpointIsEnabled) {
    const Webhook webhook = create_webhook();
    finish();
    SAFELIGHT_ASSERT_OK(outbox().record(take(webhook).claims.at(0), failed_attempt(minute), now()));
    advance(minute);
    const auto batch = take(webhook);
    SAFELIGHT_ASSERT_OK(webhooks().update(default_account(), webhook.id, {.enabled = false}, now()));
    SAFELIGHT_ASSERT_OK(webhooks().update(default_account(), webhook.id, {.enabled = true}, now()));
    EXPECT_TRUE(take(webhook).claims.empty());
    EXPECT_EQ(outbox().record(batch.claims.at(0), delivered(), now()), false);
}

TEST_P(WebhookConformance, WhoEnablesAndWhoDisablesDoNotWaitForEachOther) {
    const Webhook webhook = create_webhook();
    const auto another = under_test().open_another();
    for (int round = 0; round < 20; ++round) {
        finish();
        const auto first = take(webhook, 1);
        SAFELIGHT_ASSERT_OK(outbox().record(first.claims.at(0), failed_attempt(Milliseconds{}), now()));
        const auto batch = take(webhook, 1);
        ASSERT_EQ(batch.claims.size(), 1U);
        SAFELIGHT_ASSERT_OK(webhooks().update(default_account(), webhook.id, {.enabled = false}, now()));
        advance(lease);
        std::latch together(2);
        std::jthread enables([&] {
            together.arrive_and_wait();
            EXPECT_TRUE(another->webhooks().update(default_account(), webhook.id, {.enabled = true}, now()));
        });
        together.arrive_and_wait();
        EXPECT_TRUE(outbox().record(batch.claims[0], failed_attempt({}, DisabledReason::gone), now()));
        enables.join();
        SAFELIGHT_ASSERT_OK(webhooks().update(default_account(), webhook.id, {.enabled = true}, now()));
    }
}

}  // namespace
}  // namespace safelight
