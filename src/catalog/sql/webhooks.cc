#include "catalog/sql/webhooks.h"

#include <fmt/format.h>

#include <algorithm>

#include "catalog/records.h"

namespace safelight {

std::unexpected<Error> no_webhook() {
    return failure(ErrorCode::not_found, "There is no such webhook.");
}

std::unexpected<Error> no_delivery() {
    return failure(ErrorCode::not_found, "There is no such delivery.");
}

std::unexpected<Error> too_many_webhooks(std::uint32_t endpoints_max) {
    return failure(ErrorCode::conflict,
                   fmt::format("The account has {} webhooks, which is as many as it may have. Delete one.",
                               endpoints_max));
}

std::unexpected<Error> too_many_secrets() {
    return failure(ErrorCode::conflict,
                   fmt::format("The webhook has {} secrets that are still good. Wait until one has expired.",
                               secrets_per_webhook_max));
}

std::unexpected<Error> delivery_waits() {
    return failure(ErrorCode::conflict, "The delivery waits to be sent already.");
}

std::unexpected<Error> too_many_attempts() {
    return failure(ErrorCode::conflict,
                   fmt::format("The delivery was tried {} times, which is as often as it may be.",
                               attempts_replayed_max));
}

std::unexpected<Error> delivery_fenced() {
    return failure(ErrorCode::fenced, "Somebody else sends this delivery, or it is gone.");
}

Webhook read_webhook(Columns& columns) {
    Webhook webhook;
    webhook.id = columns.id<WebhookId>();
    webhook.owner = columns.id<AccountId>();
    webhook.url = columns.text();
    webhook.description = columns.text();
    webhook.events = WebhookEvents::of_bits(columns.number<std::uint8_t>());
    webhook.created_at = time_of(webhook.id.uuid);
    webhook.updated_at = columns.time();
    webhook.disabled_at = columns.optional_time();
    if (!columns.next_is_null()) webhook.disabled_reason = columns.named(disabled_reason_from_name);
    return webhook;
}

SigningSecret read_signing_secret(Columns& columns) {
    SigningSecret secret;
    const auto bytes = columns.bytes();
    if (bytes.size() == secret.bytes.size()) {
        std::ranges::copy(bytes, secret.bytes.begin());
    } else {
        columns.not_understood();
    }
    return secret;
}

WebhookDelivery read_delivery(Columns& columns) {
    WebhookDelivery delivery;
    delivery.id = columns.id<DeliveryId>();
    delivery.sequence = columns.number<std::uint64_t>();
    delivery.event = columns.named(webhook_event_from_name);
    if (columns.next_is_null()) {
        columns.skip(1);
    } else {
        delivery.job = columns.id<JobId>();
    }
    delivery.status = columns.named(delivery_status_from_name);
    delivery.created_at = columns.time();
    delivery.due_at = columns.time();
    delivery.finished_at = columns.optional_time();
    if (columns.next_is_null()) return delivery;
    DeliveryAttempt attempt;
    attempt.number = columns.number<std::uint64_t>();
    attempt.started_at = columns.time();
    attempt.duration = Milliseconds{columns.number()};
    if (columns.next_is_null()) {
        columns.skip(1);
    } else {
        attempt.http_status = columns.number<int>();
    }
    if (!columns.next_is_null()) attempt.error = columns.text();
    delivery.attempts.push_back(std::move(attempt));
    return delivery;
}

DeliveryClaim read_delivery_claim(Columns& columns) {
    DeliveryClaim claim;
    claim.id = columns.id<DeliveryId>();
    claim.webhook = columns.id<WebhookId>();
    claim.attempt = columns.number<std::uint64_t>();
    claim.tries = columns.number<std::uint32_t>();
    claim.payload = columns.text();
    return claim;
}

WebhookId read_webhook_id(Columns& columns) {
    return columns.id<WebhookId>();
}

DueWebhook read_due_webhook(Columns& columns) {
    DueWebhook due;
    due.id = columns.id<WebhookId>();
    due.owner = columns.id<AccountId>();
    due.updated_at = columns.time();
    return due;
}

WaitingDeliveries read_waiting_deliveries(Columns& columns) {
    WaitingDeliveries waiting;
    waiting.count = columns.number<std::uint64_t>();
    waiting.oldest = columns.optional_time();
    return waiting;
}

DeliveryId read_delivery_id(Columns& columns) {
    return columns.id<DeliveryId>();
}

std::string read_url(Columns& columns) {
    return columns.text();
}

std::uint64_t read_webhook_count(Columns& columns) {
    return columns.number<std::uint64_t>();
}

std::vector<WebhookDelivery> gathered(std::vector<WebhookDelivery> rows) {
    std::ranges::sort(rows, [](const WebhookDelivery& a, const WebhookDelivery& b) {
        if (a.sequence != b.sequence) return a.sequence > b.sequence;
        return !a.attempts.empty() && !b.attempts.empty() &&
               a.attempts.front().number < b.attempts.front().number;
    });
    std::vector<WebhookDelivery> deliveries;
    for (WebhookDelivery& row : rows) {
        if (!deliveries.empty() && deliveries.back().sequence == row.sequence) {
            deliveries.back().attempts.push_back(std::move(row.attempts.front()));
        } else {
            deliveries.push_back(std::move(row));
        }
    }
    return deliveries;
}

WaitingDeliveries summed(const std::vector<WaitingDeliveries>& endpoints) {
    WaitingDeliveries all;
    for (const WaitingDeliveries& each : endpoints) {
        all.count += each.count;
        if (each.oldest && (!all.oldest || *each.oldest < *all.oldest)) all.oldest = each.oldest;
    }
    return all;
}

Webhook changed(Webhook webhook, const WebhookChange& change, Timestamp now) {
    if (change.url) webhook.url = *change.url;
    if (change.description) webhook.description = *change.description;
    if (change.events) webhook.events = *change.events;
    webhook.updated_at = now;
    if (!change.enabled || *change.enabled != webhook.disabled_at.has_value()) return webhook;
    if (*change.enabled) {
        webhook.disabled_at.reset();
        webhook.disabled_reason.reset();
    } else {
        webhook.disabled_at = now;
        webhook.disabled_reason = DisabledReason::paused;
    }
    return webhook;
}

std::string_view list_statement(const std::optional<DeliveryStatus>& status) {
    if (!status) return sql::list_deliveries;
    switch (*status) {
        case DeliveryStatus::waiting:
            return sql::list_waiting_deliveries;
        case DeliveryStatus::delivered:
            return sql::list_delivered_deliveries;
        case DeliveryStatus::failed:
            return sql::list_failed_deliveries;
    }
    return sql::list_deliveries;
}

}  // namespace safelight
