// The log of deliveries: listed, replayed, swept.
#include "catalog/conformance/webhook_suite.h"

namespace safelight {
namespace {

constexpr Milliseconds minute{60'000};

TEST_P(WebhookConformance, DeliveriesAreListedInPagesAndByStatus) {
    const Webhook webhook = create_webhook();
    for (int i = 0; i < 4; ++i) finish();
    const auto batch = take(webhook, 3);
    SAFELIGHT_ASSERT_OK(outbox().record(batch.claims[0], delivered(), now()));
    SAFELIGHT_ASSERT_OK(outbox().record(batch.claims[1], failed_attempt({}), now()));
    SAFELIGHT_ASSERT_OK(outbox().record(batch.claims[2], failed_attempt(minute), now()));
    const auto all = deliveries(webhook);
    ASSERT_EQ(all.size(), 4U);
    for (std::size_t i = 1; i < all.size(); ++i) EXPECT_GT(all[i - 1].sequence, all[i].sequence);
    EXPECT_EQ(deliveries(webhook, DeliveryStatus::delivered), std::vector{all[3]});
    EXPECT_EQ(deliveries(webhook, DeliveryStatus::failed), std::vector{all[2]});
    EXPECT_EQ(deliveries(webhook, DeliveryStatus::waiting), (std::vector{all[0], all[1]}));
    DeliveryQuery page{.owner = default_account(), .webhook = webhook.id, .limit = 3};
    EXPECT_EQ(webhooks().deliveries(page)->size(), 3U);
    page.before = all[2].sequence;
    EXPECT_EQ(*webhooks().deliveries(page), std::vector{all[3]});
    page.owner = stranger_;
    EXPECT_EQ(code_of(webhooks().deliveries(page)), ErrorCode::not_found);
    EXPECT_EQ(*webhooks().find_delivery(default_account(), webhook.id, all[1].id), all[1]);
    EXPECT_EQ(code_of(webhooks().find_delivery(stranger_, webhook.id, all[1].id)), ErrorCode::not_found);
}

TEST_P(WebhookConformance, AReplayIsTheSameDeliveryOnceMore) {
    const Webhook webhook = create_webhook();
    finish();
    const auto first = take(webhook);
    const DeliveryId id = first.claims.at(0).id;
    EXPECT_EQ(code_of(webhooks().replay(default_account(), webhook.id, id, now())), ErrorCode::conflict);
    SAFELIGHT_ASSERT_OK(outbox().record(first.claims[0], delivered(), now()));
    advance(minute);
    const auto replayed = webhooks().replay(default_account(), webhook.id, id, now());
    SAFELIGHT_ASSERT_OK(replayed);
    EXPECT_EQ(replayed->status, DeliveryStatus::waiting);
    EXPECT_EQ(replayed->due_at, now());
    EXPECT_FALSE(replayed->finished_at);
    const auto second = take(webhook);
    ASSERT_EQ(second.claims.size(), 1U);
    EXPECT_EQ(second.claims[0].id, id);
    EXPECT_EQ(second.claims[0].payload, first.claims[0].payload);
    EXPECT_EQ(second.claims[0].tries, 0U);
    EXPECT_EQ(code_of(outbox().record(first.claims[0], delivered(), now())), ErrorCode::fenced);
    SAFELIGHT_ASSERT_OK(outbox().record(second.claims[0], delivered(), now()));
    EXPECT_EQ(deliveries(webhook)[0].attempts.size(), 2U);
    const Webhook other = create_webhook();
    EXPECT_EQ(code_of(webhooks().replay(default_account(), other.id, id, now())), ErrorCode::not_found);
    EXPECT_EQ(code_of(webhooks().replay(stranger_, webhook.id, id, now())), ErrorCode::not_found);
}

TEST_P(WebhookConformance, TheLastAttemptsAreShownAndReplaysEnd) {
    const Webhook webhook = create_webhook();
    finish();
    const DeliveryId id = deliveries(webhook).at(0).id;
    for (std::uint64_t i = 1; i <= attempts_replayed_max; ++i) {
        const auto batch = take(webhook);
        ASSERT_EQ(batch.claims.size(), 1U) << i;
        const auto outcome = i < attempts_replayed_max ? failed_attempt(Milliseconds{}) : delivered();
        SAFELIGHT_ASSERT_OK(outbox().record(batch.claims[0], outcome, now()));
        if (i == attempts_shown_max) {
            EXPECT_EQ(deliveries(webhook)[0].attempts.size(), attempts_shown_max);
        }
    }
    const auto found = webhooks().find_delivery(default_account(), webhook.id, id);
    SAFELIGHT_ASSERT_OK(found);
    for (const WebhookDelivery& delivery : {*found, deliveries(webhook)[0]}) {
        ASSERT_EQ(delivery.attempts.size(), attempts_shown_max);
        EXPECT_EQ(delivery.attempts.front().number, attempts_replayed_max - attempts_shown_max + 1);
        EXPECT_EQ(delivery.attempts.back().number, attempts_replayed_max);
    }
    EXPECT_EQ(code_of(webhooks().replay(default_account(), webhook.id, id, now())), ErrorCode::conflict);
    EXPECT_EQ(deliveries(webhook)[0].status, DeliveryStatus::delivered);
}

TEST_P(WebhookConformance, ARemovedEndpointIsToldNothingAndSweptWithItsDeliveries) {
    const Webhook webhook = create_webhook();
    for (int i = 0; i < 5; ++i) finish();
    const auto batch = take(webhook, 1);
    SAFELIGHT_ASSERT_OK(webhooks().remove(default_account(), webhook.id, now()));
    EXPECT_EQ(code_of(webhooks().remove(default_account(), webhook.id, now())), ErrorCode::not_found);
    EXPECT_EQ(code_of(webhooks().find(default_account(), webhook.id)), ErrorCode::not_found);
    EXPECT_TRUE(webhooks().list(default_account(), {}, 10)->empty());
    EXPECT_TRUE(take(webhook).claims.empty());
    finish();
    advance(removed_webhooks_kept_for - Milliseconds{1});
    EXPECT_EQ(*outbox().sweep(2, now()), 0U) << "somebody may still write for it";
    advance(Milliseconds{1});
    EXPECT_EQ(*outbox().sweep(2, now()), 2U);
    EXPECT_EQ(*outbox().sweep(2, now()), 2U);
    EXPECT_EQ(*outbox().sweep(2, now()), 1U);
    EXPECT_EQ(*outbox().sweep(2, now()), 0U);
    EXPECT_EQ(code_of(outbox().record(batch.claims.at(0), delivered(), now())), ErrorCode::fenced);
}

TEST_P(WebhookConformance, OldDeliveriesAreSwept) {
    const Webhook webhook = create_webhook();
    for (int i = 0; i < 3; ++i) finish();
    deliver_all(webhook);
    finish();
    advance(deliveries_kept_for - Milliseconds{1});
    EXPECT_EQ(*outbox().sweep(10, now()), 0U);
    const auto oldest = deliveries(webhook).back();
    SAFELIGHT_ASSERT_OK(webhooks().replay(default_account(), webhook.id, oldest.id, now()));
    advance(Milliseconds{1});
    EXPECT_EQ(*outbox().sweep(1, now()), 1U);
    EXPECT_EQ(*outbox().sweep(10, now()), 1U);
    EXPECT_EQ(*outbox().sweep(10, now()), 0U);
    EXPECT_EQ(deliveries(webhook).size(), 2U) << "what waits stays";
}

}  // namespace
}  // namespace safelight
