// Endpoints and what is told to them, on any of the databases: their tables and statements are the same
// everywhere.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/sql/row.h"
#include "catalog/sql/webhook_statements.h"
#include "catalog/webhooks.h"

namespace safelight {

[[nodiscard]] std::unexpected<Error> no_webhook();
[[nodiscard]] std::unexpected<Error> no_delivery();
[[nodiscard]] std::unexpected<Error> too_many_webhooks(std::uint32_t endpoints_max);
[[nodiscard]] std::unexpected<Error> too_many_secrets();
[[nodiscard]] std::unexpected<Error> delivery_waits();
[[nodiscard]] std::unexpected<Error> too_many_attempts();
[[nodiscard]] std::unexpected<Error> delivery_fenced();

/// SAFELIGHT_WEBHOOK_COLUMNS.
[[nodiscard]] Webhook read_webhook(Columns& columns);
[[nodiscard]] SigningSecret read_signing_secret(Columns& columns);
/// The columns of list_deliveries: with the attempt of the row, if there is one.
[[nodiscard]] WebhookDelivery read_delivery(Columns& columns);
/// The columns of claim_delivery.
[[nodiscard]] DeliveryClaim read_delivery_claim(Columns& columns);
[[nodiscard]] WebhookId read_webhook_id(Columns& columns);
/// The columns of due_webhooks.
[[nodiscard]] DueWebhook read_due_webhook(Columns& columns);
/// The columns of waiting_deliveries.
[[nodiscard]] WaitingDeliveries read_waiting_deliveries(Columns& columns);
[[nodiscard]] DeliveryId read_delivery_id(Columns& columns);
[[nodiscard]] std::string read_url(Columns& columns);
[[nodiscard]] std::uint64_t read_webhook_count(Columns& columns);

/// One for each delivery, newest first, of rows with one attempt each.
[[nodiscard]] std::vector<WebhookDelivery> gathered(std::vector<WebhookDelivery> rows);
[[nodiscard]] WaitingDeliveries summed(const std::vector<WaitingDeliveries>& endpoints);
/// The endpoint as `change` leaves it.
[[nodiscard]] Webhook changed(Webhook webhook, const WebhookChange& change, Timestamp now);
[[nodiscard]] std::string_view list_statement(const std::optional<DeliveryStatus>& status);

/// For a connection with its transaction open. Errors: also not_found.
template <class Connection>
[[nodiscard]] Result<Webhook> webhook_by_id(Connection& connection, AccountId owner, WebhookId id) {
    TRY_ASSIGN(auto query, connection.query(sql::find_webhook, id, owner));
    TRY_ASSIGN(auto found, read_all(std::move(query), &read_webhook));
    if (found.empty()) return no_webhook();
    return std::move(found.front());
}

/// The same; then nobody else changes it until the end of the transaction.
template <class Connection>
[[nodiscard]] Result<Webhook> held_webhook(Connection& connection, AccountId owner, WebhookId id,
                                           Timestamp now) {
    TRY_ASSIGN(auto query, connection.query(sql::hold_webhook, id, owner, now));
    TRY_ASSIGN(auto held, read_all(std::move(query), &read_webhook));
    if (held.empty()) return no_webhook();
    return std::move(held.front());
}

/// Errors: also not_found.
template <class Connection>
[[nodiscard]] Result<WebhookDelivery> delivery_by_id(Connection& connection, WebhookId webhook,
                                                     DeliveryId id) {
    TRY_ASSIGN(auto query, connection.query(sql::find_delivery, webhook, id, 1U, attempts_shown_max));
    TRY_ASSIGN(auto rows, read_all(std::move(query), &read_delivery));
    auto found = gathered(std::move(rows));
    if (found.empty()) return no_delivery();
    return std::move(found.front());
}

[[nodiscard]] inline std::optional<std::string_view> name_or_none(
    const std::optional<DisabledReason>& reason) {
    if (!reason) return std::nullopt;
    return name_of(*reason);
}

/// `Database` as in accounts.h.
template <class Database>
class SqlWebhooks final : public Webhooks {
  public:
    explicit SqlWebhooks(Database database) : database_(std::move(database)) {}

    Status create(const Webhook& webhook, WebhookSecretId secret_id, const SigningSecret& secret,
                  std::uint32_t endpoints_max) override {
        return database_.write([&](auto& connection) -> Status {
            TRY_ASSIGN(auto query, connection.query(sql::webhooks_of_owner, webhook.owner, endpoints_max));
            TRY_ASSIGN(const auto count, read_all(std::move(query), &read_webhook_count));
            if (count.front() >= endpoints_max) return too_many_webhooks(endpoints_max);
            TRY(connection.run(sql::create_webhook, webhook.id, webhook.owner, std::string_view(webhook.url),
                               std::string_view(webhook.description), webhook.events.bits(),
                               webhook.updated_at, webhook.disabled_at,
                               name_or_none(webhook.disabled_reason)));
            TRY(connection.run(sql::create_webhook_secret, webhook.id, secret_id,
                               std::span<const std::byte>(secret.bytes)));
            return {};
        });
    }

    Result<Webhook> find(AccountId owner, WebhookId id) override {
        return database_.read([&](auto& connection) { return webhook_by_id(connection, owner, id); });
    }

    Result<std::vector<Webhook>> list(AccountId owner, std::optional<WebhookId> after,
                                      std::uint32_t limit) override {
        return database_.read([&](auto& connection) -> Result<std::vector<Webhook>> {
            TRY_ASSIGN(auto query,
                       connection.query(sql::list_webhooks, owner, after.value_or(WebhookId{}), limit));
            return read_all(std::move(query), &read_webhook);
        });
    }

    Result<Webhook> update(AccountId owner, WebhookId id, const WebhookChange& change,
                           Timestamp now) override {
        return database_.write([&](auto& connection) -> Result<Webhook> {
            TRY_ASSIGN(const Webhook before, held_webhook(connection, owner, id, now));
            const Webhook after = changed(before, change, now);
            TRY(connection.run(sql::change_webhook, id, std::string_view(after.url),
                               std::string_view(after.description), after.events.bits(), after.disabled_at,
                               name_or_none(after.disabled_reason)));
            if (before.disabled_at && !after.disabled_at)
                TRY(connection.run(sql::resume_deliveries, id, now));
            return after;
        });
    }

    Status remove(AccountId owner, WebhookId id, Timestamp now) override {
        return database_.write([&](auto& connection) -> Status {
            TRY(held_webhook(connection, owner, id, now));
            TRY(connection.run(sql::remove_webhook_secrets, id));
            TRY(connection.run(sql::remove_webhook, id, now));
            return {};
        });
    }

    Status add_secret(AccountId owner, WebhookId id, WebhookSecretId secret_id, const SigningSecret& secret,
                      Timestamp until, Timestamp now) override {
        return database_.write([&](auto& connection) -> Status {
            TRY(held_webhook(connection, owner, id, now));
            TRY(connection.run(sql::drop_webhook_secrets, id, now));
            TRY_ASSIGN(auto query, connection.query(sql::webhook_secrets, id, now));
            TRY_ASSIGN(const auto present, read_all(std::move(query), &read_signing_secret));
            if (present.size() >= secrets_per_webhook_max) return too_many_secrets();
            TRY(connection.run(sql::expire_webhook_secrets, id, until));
            TRY(connection.run(sql::create_webhook_secret, id, secret_id,
                               std::span<const std::byte>(secret.bytes)));
            return {};
        });
    }

    Result<std::vector<WebhookDelivery>> deliveries(const DeliveryQuery& wanted) override {
        // The column is signed.
        constexpr auto newest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
        return database_.read([&](auto& connection) -> Result<std::vector<WebhookDelivery>> {
            TRY(webhook_by_id(connection, wanted.owner, wanted.webhook));
            TRY_ASSIGN(auto query,
                       connection.query(list_statement(wanted.status), wanted.webhook,
                                        wanted.before.value_or(newest), wanted.limit, attempts_shown_max));
            TRY_ASSIGN(auto rows, read_all(std::move(query), &read_delivery));
            return gathered(std::move(rows));
        });
    }

    Result<WebhookDelivery> find_delivery(AccountId owner, WebhookId webhook, DeliveryId id) override {
        return database_.read([&](auto& connection) -> Result<WebhookDelivery> {
            TRY(webhook_by_id(connection, owner, webhook));
            return delivery_by_id(connection, webhook, id);
        });
    }

    Result<WebhookDelivery> replay(AccountId owner, WebhookId webhook, DeliveryId id,
                                   Timestamp now) override {
        return database_.write([&](auto& connection) -> Result<WebhookDelivery> {
            TRY(webhook_by_id(connection, owner, webhook));
            TRY_ASSIGN(const std::uint64_t replayed,
                       connection.run(sql::replay_delivery, webhook, id, now, attempts_replayed_max));
            TRY_ASSIGN(auto delivery, delivery_by_id(connection, webhook, id));
            if (replayed > 0) return delivery;
            if (delivery.status == DeliveryStatus::waiting) return delivery_waits();
            return too_many_attempts();
        });
    }

  private:
    Database database_;
};

template <class Database>
class SqlDeliveryOutbox final : public DeliveryOutbox {
  public:
    explicit SqlDeliveryOutbox(Database database) : database_(std::move(database)) {}

    Result<std::vector<DueWebhook>> due(Timestamp now) override {
        return database_.read([&](auto& connection) -> Result<std::vector<DueWebhook>> {
            TRY_ASSIGN(auto query, connection.query(sql::due_webhooks, WebhookId{}, now));
            return read_all(std::move(query), &read_due_webhook);
        });
    }

    Result<WaitingDeliveries> waiting() override {
        return database_.read([&](auto& connection) -> Result<WaitingDeliveries> {
            TRY_ASSIGN(auto query,
                       connection.query(sql::waiting_deliveries, WebhookId{}, waiting_counted_max));
            TRY_ASSIGN(const auto endpoints, read_all(std::move(query), &read_waiting_deliveries));
            return summed(endpoints);
        });
    }

    Result<DeliveryBatch> claim(WebhookId webhook, std::uint32_t limit, Milliseconds lease,
                                Timestamp now) override {
        return database_.write([&](auto& connection) -> Result<DeliveryBatch> {
            DeliveryBatch batch;
            TRY_ASSIGN(auto url_query, connection.query(sql::url_of_webhook, webhook));
            TRY_ASSIGN(auto urls, read_all(std::move(url_query), &read_url));
            if (urls.empty()) return batch;
            batch.url = std::move(urls.front());
            // Before the claims: one that is removed meanwhile has none any more, and nothing goes out
            // unsigned.
            TRY_ASSIGN(auto secret_query, connection.query(sql::webhook_secrets, webhook, now));
            TRY_ASSIGN(batch.secrets, read_all(std::move(secret_query), &read_signing_secret));
            if (batch.secrets.empty()) return batch;
            TRY_ASSIGN(auto due_query, connection.query(sql::due_deliveries, webhook, now, limit));
            TRY_ASSIGN(const auto due, read_all(std::move(due_query), &read_delivery_id));
            for (const DeliveryId id : due) {
                TRY_ASSIGN(auto query, connection.query(sql::claim_delivery, id, now, now + lease));
                TRY_ASSIGN(auto claims, read_all(std::move(query), &read_delivery_claim));
                if (!claims.empty()) batch.claims.push_back(std::move(claims.front()));
            }
            return batch;
        });
    }

    Result<bool> record(const DeliveryClaim& claim, const DeliveryOutcome& outcome, Timestamp now) override {
        const DeliveryAttempt& attempt = outcome.attempt;
        std::optional<std::string_view> error;
        if (!attempt.error.empty()) error = attempt.error;
        return database_.write([&](auto& connection) -> Result<bool> {
            // The endpoint before its deliveries, as whoever enables it does.
            if (outcome.disable) TRY(connection.run(sql::lock_webhook, claim.webhook));
            // Whoever lost the claim must not get further.
            TRY_ASSIGN(const std::uint64_t held,
                       connection.run(statement_of(outcome), claim.id, claim.attempt,
                                      outcome.retry_at.value_or(now)));
            if (held == 0) return delivery_fenced();
            TRY(connection.run(sql::note_delivery_attempt, claim.id, claim.attempt, attempt.started_at,
                               attempt.duration.count(), attempt.http_status, error));
            if (!outcome.disable) return false;
            TRY_ASSIGN(const std::uint64_t disabled, disable(connection, claim, *outcome.disable, now));
            return disabled > 0;
        });
    }

    Status release(const DeliveryClaim& claim, Timestamp due_at) override {
        return database_.write([&](auto& connection) -> Status {
            TRY_ASSIGN(const std::uint64_t held,
                       connection.run(sql::delivery_released, claim.id, claim.attempt, due_at));
            if (held == 0) return delivery_fenced();
            return {};
        });
    }

    Result<std::uint64_t> sweep(std::uint32_t limit, Timestamp now) override {
        TRY_ASSIGN(const std::uint64_t old, sweep_old(limit, now - deliveries_kept_for));
        TRY_ASSIGN(const std::uint64_t orphaned, sweep_removed(limit, now - removed_webhooks_kept_for));
        return old + orphaned;
    }

  private:
    static std::string_view statement_of(const DeliveryOutcome& outcome) {
        if (outcome.retry_at) return sql::delivery_put_off;
        return outcome.attempt.error.empty() ? sql::delivery_taken : sql::delivery_given_up;
    }

    template <class Connection>
    static Result<std::uint64_t> disable(Connection& connection, const DeliveryClaim& claim,
                                         DisabledReason reason, Timestamp now) {
        if (reason == DisabledReason::failing)
            return connection.run(sql::disable_failing_webhook, claim.webhook, now, name_of(reason),
                                  claim.id);
        return connection.run(sql::disable_webhook, claim.webhook, now, name_of(reason));
    }

    template <class AnyId, class... Values>
    Result<std::vector<AnyId>> ids(AnyId (*read)(Columns&), std::string_view statement,
                                   const Values&... values) {
        return database_.read([&](auto& connection) -> Result<std::vector<AnyId>> {
            TRY_ASSIGN(auto query, connection.query(statement, values...));
            return read_all(std::move(query), read);
        });
    }

    Result<std::uint64_t> sweep_old(std::uint32_t limit, Timestamp before) {
        TRY_ASSIGN(const auto old, ids(&read_delivery_id, sql::old_deliveries, before, limit));
        if (old.empty()) return std::uint64_t{0};
        return database_.write([&](auto& connection) -> Result<std::uint64_t> {
            for (const DeliveryId id : old) TRY(connection.run_later(sql::drop_old_delivery, id, before));
            return old.size();
        });
    }

    /// Of one endpoint at a time: the row goes with the last of its deliveries.
    Result<std::uint64_t> sweep_removed(std::uint32_t limit, Timestamp before) {
        TRY_ASSIGN(const auto removed, ids(&read_webhook_id, sql::removed_webhooks, before, 1));
        if (removed.empty()) return std::uint64_t{0};
        const WebhookId webhook = removed.front();
        TRY_ASSIGN(const auto left, ids(&read_delivery_id, sql::deliveries_of_webhook, webhook, limit));
        return database_.write([&](auto& connection) -> Result<std::uint64_t> {
            TRY(connection.run_later(sql::lock_webhook, webhook));
            for (const DeliveryId id : left) TRY(connection.run_later(sql::drop_delivery, id));
            if (left.size() < limit) TRY(connection.run_later(sql::drop_webhook, webhook));
            return std::max<std::uint64_t>(left.size(), 1);
        });
    }

    Database database_;
};

}  // namespace safelight
