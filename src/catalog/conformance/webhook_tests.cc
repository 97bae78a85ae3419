// Endpoints, and what is told to them: written with what came to pass, sent once at a time, in order.
#include <algorithm>
#include <latch>
#include <thread>

#include "catalog/conformance/webhook_suite.h"

namespace safelight {
namespace {

constexpr Milliseconds minute{60'000};

TEST_P(WebhookConformance, AnEndpointIsKeptAsItWasMade) {
    const Webhook plain = create_webhook();
    EXPECT_EQ(state_of_webhook(plain), plain);
    Webhook paused = draft_webhook({WebhookEvent::job_failed, WebhookEvent::webhook_disabled});
    paused.disabled_at = now();
    paused.disabled_reason = DisabledReason::paused;
    SAFELIGHT_ASSERT_OK(webhooks().create(paused, ids_.next<WebhookSecretId>(), secret_of(1), endpoints_max));
    EXPECT_EQ(state_of_webhook(paused), paused);
    EXPECT_EQ(code_of(webhooks().find(stranger_, plain.id)), ErrorCode::not_found);
    EXPECT_EQ(code_of(webhooks().find(default_account(), ids_.next<WebhookId>())), ErrorCode::not_found);
}

TEST_P(WebhookConformance, EndpointsAreListedInPagesEachAccountsOwn) {
    const Webhook a = create_webhook();
    const Webhook b = create_webhook();
    const Webhook theirs = create_webhook({}, stranger_);
    EXPECT_EQ(*webhooks().list(default_account(), {}, 10), (std::vector{a, b}));
    EXPECT_EQ(*webhooks().list(default_account(), {}, 1), std::vector{a});
    EXPECT_EQ(*webhooks().list(default_account(), a.id, 10), std::vector{b});
    EXPECT_EQ(*webhooks().list(stranger_, {}, 10), std::vector{theirs});
}

TEST_P(WebhookConformance, AnAccountHasSoManyEndpointsOnly) {
    std::vector<Webhook> all;
    for (std::uint32_t i = 0; i < endpoints_max; ++i) all.push_back(create_webhook());
    const auto one_more = [&] {
        return webhooks().create(draft_webhook(), ids_.next<WebhookSecretId>(), secret_of(1), endpoints_max);
    };
    EXPECT_EQ(code_of(one_more()), ErrorCode::conflict);
    create_webhook({}, stranger_);
    SAFELIGHT_ASSERT_OK(webhooks().remove(default_account(), all[0].id, now()));
    EXPECT_TRUE(one_more());
}

TEST_P(WebhookConformance, AChangeLeavesTheRestAsItWas) {
    const Webhook webhook = create_webhook();
    advance(minute);
    Webhook expected = webhook;
    expected.url = "https://example.org/";
    expected.updated_at = now();
    EXPECT_EQ(*webhooks().update(default_account(), webhook.id, {.url = expected.url}, now()), expected);
    expected.description = "";
    expected.events = {WebhookEvent::job_processed};
    expected.disabled_at = now();
    expected.disabled_reason = DisabledReason::paused;
    EXPECT_EQ(*webhooks().update(default_account(), webhook.id,
                                 {.description = "", .events = expected.events, .enabled = false}, now()),
              expected);
    EXPECT_EQ(state_of_webhook(webhook), expected);
    EXPECT_EQ(code_of(webhooks().update(stranger_, webhook.id, {}, now())), ErrorCode::not_found);
}

TEST_P(WebhookConformance, EveryFinishIsWrittenForWhoWantsIt) {
    const Webhook all = create_webhook();
    const Webhook failures = create_webhook({WebhookEvent::job_failed});
    const Webhook others = create_webhook({WebhookEvent::webhook_disabled});
    const Webhook theirs = create_webhook({}, stranger_);
    const Job waiting = create({"a"});
    const Job bare = create({});
    const Job made = finish(true);
    const Job broken = finish(false);
    const auto told = deliveries(all);
    ASSERT_EQ(told.size(), 2U);
    EXPECT_EQ(told[0].job, broken.id);
    EXPECT_EQ(told[0].event, WebhookEvent::job_failed);
    EXPECT_EQ(told[1].job, made.id);
    EXPECT_EQ(told[1].event, WebhookEvent::job_processed);
    EXPECT_EQ(told[1].status, DeliveryStatus::waiting);
    EXPECT_EQ(told[1].created_at, now());
    EXPECT_EQ(told[1].due_at, now());
    EXPECT_NE(told[0].id, told[1].id);
    ASSERT_EQ(deliveries(failures).size(), 1U);
    EXPECT_EQ(deliveries(failures)[0].job, broken.id);
    EXPECT_TRUE(deliveries(others).empty());
    EXPECT_TRUE(deliveries(theirs).empty());
}

TEST_P(WebhookConformance, ThePayloadSaysWhichJobAndWhatBecameOfIt) {
    const Webhook webhook = create_webhook();
    const Job made = finish(true);
    const auto batch = take(webhook);
    EXPECT_EQ(batch.url, webhook.url);
    ASSERT_EQ(batch.claims.size(), 1U);
    EXPECT_EQ(batch.claims[0].webhook, webhook.id);
    EXPECT_EQ(batch.claims[0].attempt, 1U);
    EXPECT_EQ(batch.claims[0].tries, 0U);
    EXPECT_EQ(batch.claims[0].payload, R"({"type":"job.processed","timestamp":")" + to_rfc3339(now()) +
                                           R"(","data":{"job_id":")" + made.id.to_string() +
                                           R"(","image_id":")" + made.image.id.to_string() +
                                           R"(","status":"PROCESSED"}})");
}

TEST_P(WebhookConformance, TimesInPayloadsHaveMilliseconds) {
    const Webhook webhook = create_webhook();
    for (const int ms : {0, 1, 29, 123, 500, 999}) {
        clock_.advance(Milliseconds{1'000 - now().time_since_epoch().count() % 1'000 + ms});
        finish(true);
        const auto batch = take(webhook);
        ASSERT_EQ(batch.claims.size(), 1U);
        EXPECT_NE(batch.claims[0].payload.find(to_rfc3339(now())), std::string::npos)
            << batch.claims[0].payload << " " << to_rfc3339(now());
    }
}

TEST_P(WebhookConformance, AJobThatIsFinishedAgainIsToldAgain) {
    const Webhook webhook = create_webhook();
    const Job job = finish(false);
    SAFELIGHT_ASSERT_OK(under_test().database().control().retry(default_account(), job.id, 3, now()));
    process(job.id, {"a"});
    const auto told = deliveries(webhook);
    ASSERT_EQ(told.size(), 2U);
    EXPECT_EQ(told[0].event, WebhookEvent::job_processed);
    EXPECT_EQ(told[1].event, WebhookEvent::job_failed);
}

TEST_P(WebhookConformance, WhatIsToldStaysWhenTheJobIsDeleted) {
    const Webhook webhook = create_webhook();
    const Job job = finish(true);
    SAFELIGHT_ASSERT_OK(catalog().delete_job(default_account(), job.id, now()));
    EXPECT_EQ(take(webhook).claims.size(), 1U);
}

TEST_P(WebhookConformance, AnEndpointIsDueWhileSomethingIs) {
    EXPECT_TRUE(due().empty());
    const Webhook a = create_webhook();
    const Webhook b = create_webhook();
    const Webhook theirs = create_webhook({}, stranger_);
    EXPECT_TRUE(due().empty());
    finish();
    EXPECT_EQ(due(), (std::vector{a.id, b.id}));
    finish(true, stranger_);
    EXPECT_EQ(due(), (std::vector{a.id, b.id, theirs.id}));
    deliver_all(a);
    EXPECT_EQ(due(), (std::vector{b.id, theirs.id}));
    const auto batch = take(b);
    EXPECT_EQ(due(), std::vector{theirs.id});
    SAFELIGHT_ASSERT_OK(outbox().record(batch.claims[0], failed_attempt(minute), now()));
    EXPECT_EQ(due(), std::vector{theirs.id});
    advance(minute);
    EXPECT_EQ(due(), (std::vector{b.id, theirs.id}));
    SAFELIGHT_ASSERT_OK(webhooks().update(default_account(), b.id, {.enabled = false}, now()));
    SAFELIGHT_ASSERT_OK(webhooks().remove(stranger_, theirs.id, now()));
    EXPECT_TRUE(due().empty());
}

TEST_P(WebhookConformance, WhatIsDueTellsWhoseItIsAndWhetherItWasChanged) {
    const Webhook webhook = create_webhook({}, stranger_);
    finish(true, stranger_);
    EXPECT_EQ(*outbox().due(now()), (std::vector{DueWebhook{webhook.id, stranger_, webhook.updated_at}}));
    advance(minute);
    SAFELIGHT_ASSERT_OK(webhooks().update(stranger_, webhook.id, {.description = "b"}, now()));
    EXPECT_EQ(*outbox().due(now()), (std::vector{DueWebhook{webhook.id, stranger_, now()}}));
}

TEST_P(WebhookConformance, WhatWaitsIsCounted) {
    EXPECT_EQ(*outbox().waiting(), WaitingDeliveries{});
    const Webhook a = create_webhook();
    const Webhook b = create_webhook();
    const Timestamp first = now();
    finish();
    advance(minute);
    finish();
    EXPECT_EQ(*outbox().waiting(), (WaitingDeliveries{4, first}));
    deliver_all(a);
    EXPECT_EQ(*outbox().waiting(), (WaitingDeliveries{2, first}));
    SAFELIGHT_ASSERT_OK(webhooks().update(default_account(), b.id, {.enabled = false}, now()));
    EXPECT_EQ(*outbox().waiting(), WaitingDeliveries{}) << "nobody waits for what is disabled";
}

TEST_P(WebhookConformance, AClaimIsHeldUntilItsLeaseIsOver) {
    const Webhook webhook = create_webhook();
    finish();
    const auto first = take(webhook);
    ASSERT_EQ(first.claims.size(), 1U);
    EXPECT_TRUE(take(webhook).claims.empty());
    advance(lease - Milliseconds{1});
    EXPECT_TRUE(take(webhook).claims.empty());
    advance(Milliseconds{1});
    const auto second = take(webhook);
    ASSERT_EQ(second.claims.size(), 1U);
    EXPECT_EQ(second.claims[0].id, first.claims[0].id);
    EXPECT_EQ(second.claims[0].payload, first.claims[0].payload);
    EXPECT_EQ(second.claims[0].attempt, 2U);
    EXPECT_EQ(code_of(outbox().record(first.claims[0], delivered(), now())), ErrorCode::fenced);
    EXPECT_EQ(code_of(outbox().release(first.claims[0], now())), ErrorCode::fenced);
    EXPECT_EQ(outbox().record(second.claims[0], delivered(), now()), false);
    EXPECT_EQ(code_of(outbox().record(second.claims[0], delivered(), now())), ErrorCode::fenced);
    const auto told = deliveries(webhook);
    EXPECT_EQ(told[0].status, DeliveryStatus::delivered);
    EXPECT_EQ(told[0].finished_at, now());
    ASSERT_EQ(told[0].attempts.size(), 1U);
    EXPECT_EQ(told[0].attempts[0].number, 2U);
    EXPECT_EQ(told[0].attempts[0].http_status, 204);
    EXPECT_EQ(told[0].attempts[0].error, "");
    EXPECT_EQ(told[0].attempts[0].duration, Milliseconds{12});
}

TEST_P(WebhookConformance, WhatIsGivenBackIsDueWhenItIsSaidAndWasNoTry) {
    const Webhook webhook = create_webhook();
    finish();
    const auto batch = take(webhook);
    SAFELIGHT_ASSERT_OK(outbox().release(batch.claims[0], now()));
    const auto again = take(webhook);
    ASSERT_EQ(again.claims.size(), 1U);
    EXPECT_EQ(again.claims[0].tries, 0U);
    SAFELIGHT_ASSERT_OK(outbox().release(again.claims[0], now() + minute));
    EXPECT_TRUE(take(webhook).claims.empty());
    advance(minute);
    const auto later = take(webhook);
    ASSERT_EQ(later.claims.size(), 1U);
    EXPECT_EQ(later.claims[0].tries, 0U);
    EXPECT_TRUE(deliveries(webhook)[0].attempts.empty());
}

TEST_P(WebhookConformance, AFailureIsCountedAndTriedAgainWhenItIsDue) {
    const Webhook webhook = create_webhook();
    finish();
    EXPECT_EQ(outbox().record(take(webhook).claims.at(0), failed_attempt(minute), now()), false);
    EXPECT_TRUE(take(webhook).claims.empty());
    EXPECT_EQ(deliveries(webhook)[0].due_at, now() + minute);
    advance(minute);
    const auto again = take(webhook);
    ASSERT_EQ(again.claims.size(), 1U);
    EXPECT_EQ(again.claims[0].tries, 1U);
    const auto attempts = deliveries(webhook)[0].attempts;
    ASSERT_EQ(attempts.size(), 1U);
    EXPECT_EQ(attempts[0].error, "timeout");
    EXPECT_FALSE(attempts[0].http_status);
}

TEST_P(WebhookConformance, OfOneJobTheOlderOneComesFirst) {
    const Webhook webhook = create_webhook();
    const Job job = finish(false);
    SAFELIGHT_ASSERT_OK(under_test().database().control().retry(default_account(), job.id, 3, now()));
    process(job.id, {"a"});
    const Job other = finish();
    auto batch = take(webhook);
    ASSERT_EQ(batch.claims.size(), 2U) << "the older one of the job, and the other job's";
    SAFELIGHT_ASSERT_OK(outbox().record(batch.claims[0], failed_attempt(minute), now()));
    SAFELIGHT_ASSERT_OK(outbox().record(batch.claims[1], delivered(), now()));
    EXPECT_TRUE(take(webhook).claims.empty()) << "it waits until the older one is delivered or given up";
    advance(minute);
    batch = take(webhook);
    ASSERT_EQ(batch.claims.size(), 1U);
    EXPECT_EQ(batch.claims[0].tries, 1U);
    SAFELIGHT_ASSERT_OK(outbox().record(batch.claims[0], failed_attempt({}), now()));
    batch = take(webhook);
    ASSERT_EQ(batch.claims.size(), 1U);
    EXPECT_EQ(batch.claims[0].id, deliveries(webhook)[1].id);
    EXPECT_EQ(deliveries(webhook)[2].status, DeliveryStatus::failed);
}

TEST_P(WebhookConformance, AClaimTakesTheOldestAndNoMoreThanItMay) {
    const Webhook webhook = create_webhook();
    for (int i = 0; i < 5; ++i) finish();
    const auto told = deliveries(webhook);
    const auto batch = take(webhook, 3);
    ASSERT_EQ(batch.claims.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(batch.claims[i].id, told[4 - i].id);
    EXPECT_EQ(take(webhook, 3).claims.size(), 2U);
}

TEST_P(WebhookConformance, OlderSecretsSignUntilTheyExpire) {
    const Webhook webhook = create_webhook();
    const auto secrets = [&] {
        finish();
        const auto batch = take(webhook);
        for (const DeliveryClaim& claim : batch.claims)
            EXPECT_TRUE(outbox().record(claim, delivered(), now()));
        return batch.secrets;
    };
    EXPECT_EQ(secrets(), std::vector{secret_of(1)});
    const auto add = [&](int value) {
        return webhooks().add_secret(default_account(), webhook.id, ids_.next<WebhookSecretId>(),
                                     secret_of(value), now() + minute, now());
    };
    SAFELIGHT_ASSERT_OK(add(2));
    EXPECT_EQ(secrets(), (std::vector{secret_of(2), secret_of(1)}));
    advance(minute / 2);
    SAFELIGHT_ASSERT_OK(add(3));
    EXPECT_EQ(secrets(), (std::vector{secret_of(3), secret_of(2), secret_of(1)}));
    advance(minute / 2);
    EXPECT_EQ(secrets(), (std::vector{secret_of(3), secret_of(2)})) << "the second change did not prolong it";
    advance(minute / 2);
    EXPECT_EQ(secrets(), std::vector{secret_of(3)});
    for (std::uint32_t i = 1; i < secrets_per_webhook_max; ++i) SAFELIGHT_ASSERT_OK(add(10));
    EXPECT_EQ(code_of(add(11)), ErrorCode::conflict);
    EXPECT_EQ(code_of(webhooks().add_secret(stranger_, webhook.id, ids_.next<WebhookSecretId>(), secret_of(9),
                                            now(), now())),
              ErrorCode::not_found);
}

TEST_P(WebhookConformance, EachIsTakenOnceHoweverManyAskAtTheSameTime) {
    constexpr std::size_t count = 40;
    constexpr std::size_t processes = 4;
    const Webhook webhook = create_webhook();
    for (std::size_t i = 0; i < count; ++i) finish();
    std::vector<std::vector<DeliveryId>> taken(processes);
    std::latch together(processes);
    {
        std::vector<std::jthread> threads;
        for (std::vector<DeliveryId>& mine : taken) {
            threads.emplace_back([&] {
                const auto handle = under_test().open_another();
                together.arrive_and_wait();
                while (true) {
                    const auto batch = handle->outbox().claim(webhook.id, 3, lease, now());
                    ASSERT_TRUE(batch) << batch.error().log_text;
                    const auto left = handle->outbox().due(now());
                    if (batch->claims.empty() && left && left->empty()) return;
                    for (const DeliveryClaim& claim : batch->claims) {
                        mine.push_back(claim.id);
                        EXPECT_EQ(handle->outbox().record(claim, delivered(), now()), false);
                    }
                }
            });
        }
    }
    std::vector<DeliveryId> all;
    for (const auto& mine : taken) all.insert(all.end(), mine.begin(), mine.end());
    EXPECT_EQ(all.size(), count);
    std::ranges::sort(all);
    EXPECT_EQ(std::ranges::unique(all).size(), 0U);
    EXPECT_EQ(deliveries(webhook, DeliveryStatus::delivered).size(), count);
}

TEST_P(WebhookConformance, NothingIsClaimedUnsignedWhileAnEndpointIsRemoved) {
    for (int round = 0; round < 10; ++round) {
        const Webhook webhook = create_webhook();
        for (int i = 0; i < 8; ++i) finish();
        const auto another = under_test().open_another();
        std::latch together(2);
        std::jthread removes([&] {
            together.arrive_and_wait();
            EXPECT_TRUE(another->webhooks().remove(default_account(), webhook.id, now()));
        });
        together.arrive_and_wait();
        for (int i = 0; i < 8; ++i) {
            const auto batch = outbox().claim(webhook.id, 1, lease, now());
            SAFELIGHT_ASSERT_OK(batch);
            EXPECT_TRUE(batch->claims.empty() || !batch->secrets.empty());
        }
    }
}

TEST_P(WebhookConformance, TwoProcessesNeverHaveTheSameOne) {
    const Webhook webhook = create_webhook();
    for (int i = 0; i < 6; ++i) finish();
    const auto another = under_test().open_another();
    const auto mine = take(webhook, 3);
    const auto theirs = another->outbox().claim(webhook.id, 10, lease, now());
    SAFELIGHT_ASSERT_OK(theirs);
    EXPECT_EQ(mine.claims.size(), 3U);
    EXPECT_EQ(theirs->claims.size(), 3U);
    for (const DeliveryClaim& a : mine.claims)
        for (const DeliveryClaim& b : theirs->claims) EXPECT_NE(a.id, b.id);
}

}  // namespace

}  // namespace safelight
