// The part of the suite for endpoints of webhooks and what is told to them:
//
//   INSTANTIATE_TEST_SUITE_P(Sqlite, WebhookConformance, testing::Values(backend), backend_name);
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "catalog/conformance/catalog_suite.h"
#include "catalog/webhooks.h"

namespace safelight {

class WebhookConformance : public CatalogConformance {
  protected:
    static constexpr std::uint32_t endpoints_max = 4;

    [[nodiscard]] Webhooks& webhooks() { return under_test().database().webhooks(); }
    [[nodiscard]] DeliveryOutbox& outbox() { return under_test().database().outbox(); }

    [[nodiscard]] Webhook draft_webhook(WebhookEvents events = {}, AccountId owner = default_account()) {
        Webhook webhook;
        webhook.id = ids_.next<WebhookId>();
        webhook.owner = owner;
        webhook.url = "https://example.com/hooks?é";
        webhook.description = "said \"so\"";
        webhook.events = events;
        webhook.created_at = now();
        webhook.updated_at = now();
        return webhook;
    }
    [[nodiscard]] static SigningSecret secret_of(int value) {
        SigningSecret secret;
        secret.bytes.fill(static_cast<std::byte>(value));
        return secret;
    }
    Webhook create_webhook(WebhookEvents events = {}, AccountId owner = default_account()) {
        const Webhook webhook = draft_webhook(events, owner);
        const Status status =
            webhooks().create(webhook, ids_.next<WebhookSecretId>(), secret_of(1), endpoints_max);
        if (!status) throw std::runtime_error(status.error().log_text);
        return webhook;
    }
    [[nodiscard]] Webhook state_of_webhook(const Webhook& webhook) {
        auto found = webhooks().find(webhook.owner, webhook.id);
        if (!found) throw std::runtime_error(found.error().public_text);
        return *std::move(found);
    }
    /// Newest first.
    [[nodiscard]] std::vector<WebhookDelivery> deliveries(const Webhook& webhook,
                                                          std::optional<DeliveryStatus> status = {}) {
        auto found = webhooks().deliveries(
            {.owner = webhook.owner, .webhook = webhook.id, .status = status, .before = {}, .limit = 100});
        if (!found) throw std::runtime_error(found.error().log_text + found.error().public_text);
        return *std::move(found);
    }
    /// A job that is finished: made, or failed.
    Job finish(bool well = true, AccountId owner = default_account()) {
        const Job job = create({"a"}, owner);
        if (well) {
            process(job.id, {"a"});
        } else {
            process(job.id, {}, {"a"});
        }
        return job;
    }
    [[nodiscard]] DeliveryBatch take(const Webhook& webhook, std::uint32_t limit = 10) {
        auto batch = outbox().claim(webhook.id, limit, lease, now());
        if (!batch) throw std::runtime_error(batch.error().log_text);
        return *std::move(batch);
    }
    [[nodiscard]] std::vector<WebhookId> due() {
        const auto found = outbox().due(now());
        if (!found) throw std::runtime_error(found.error().log_text);
        std::vector<WebhookId> ids;
        for (const DueWebhook& webhook : *found) ids.push_back(webhook.id);
        return ids;
    }
    [[nodiscard]] DeliveryOutcome delivered() {
        DeliveryOutcome outcome;
        outcome.attempt.started_at = now();
        outcome.attempt.duration = Milliseconds{12};
        outcome.attempt.http_status = 204;
        return outcome;
    }
    [[nodiscard]] DeliveryOutcome failed_attempt(std::optional<Milliseconds> retry_in,
                                                 std::optional<DisabledReason> disable = {}) {
        DeliveryOutcome outcome;
        outcome.attempt.started_at = now();
        outcome.attempt.duration = Milliseconds{15'000};
        outcome.attempt.error = "timeout";
        if (retry_in) outcome.retry_at = now() + *retry_in;
        outcome.disable = disable;
        return outcome;
    }
    void deliver_all(const Webhook& webhook) {
        for (const DeliveryClaim& claim : take(webhook, 100).claims)
            if (!outbox().record(claim, delivered(), now())) throw std::runtime_error("record");
    }
};

}  // namespace safelight
