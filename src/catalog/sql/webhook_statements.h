// The statements of Webhooks and DeliveryOutbox: the same on every database.
#pragma once

#include <string_view>

#include "catalog/sql/statements.h"

namespace safelight::sql {

#define SAFELIGHT_WEBHOOK_COLUMNS \
    "id, owner, url, description, events, updated_at, disabled_at, disabled_reason"

inline constexpr std::string_view webhooks_of_owner =
    "SELECT count(*) FROM (SELECT 1 FROM webhooks WHERE owner = $1 AND removed_at IS NULL LIMIT $2) AS page";
inline constexpr std::string_view create_webhook =
    "INSERT INTO webhooks (" SAFELIGHT_WEBHOOK_COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
inline constexpr std::string_view find_webhook =
    "SELECT " SAFELIGHT_WEBHOOK_COLUMNS " FROM webhooks WHERE id = $1 AND owner = $2 AND removed_at IS NULL";
inline constexpr std::string_view list_webhooks =
    "SELECT " SAFELIGHT_WEBHOOK_COLUMNS
    " FROM webhooks WHERE owner = $1 AND id > $2 AND removed_at IS NULL ORDER BY id LIMIT $3";
/// From then on nobody else changes it until the end of the transaction.
inline constexpr std::string_view hold_webhook =
    "UPDATE webhooks SET updated_at = $3 WHERE id = $1 AND owner = $2 AND removed_at IS NULL"
    " RETURNING " SAFELIGHT_WEBHOOK_COLUMNS;
inline constexpr std::string_view change_webhook =
    "UPDATE webhooks SET url = $2, description = $3, events = $4, disabled_at = $5, disabled_reason = $6"
    " WHERE id = $1";
/// What failed waits as if it had not been tried; what somebody sends now is left alone.
inline constexpr std::string_view resume_deliveries =
    "UPDATE webhook_deliveries SET tries = 0, due_at = $2, lease_until = NULL"
    " WHERE webhook = $1 AND status = 'waiting' AND tries > 0 AND (lease_until IS NULL OR lease_until <= $2)";
inline constexpr std::string_view remove_webhook = "UPDATE webhooks SET removed_at = $2 WHERE id = $1";
inline constexpr std::string_view remove_webhook_secrets = "DELETE FROM webhook_secrets WHERE webhook = $1";

inline constexpr std::string_view create_webhook_secret =
    "INSERT INTO webhook_secrets (webhook, id, secret) VALUES ($1, $2, $3)";
inline constexpr std::string_view expire_webhook_secrets =
    "UPDATE webhook_secrets SET expires_at = $2"
    " WHERE webhook = $1 AND (expires_at IS NULL OR expires_at > $2)";
inline constexpr std::string_view drop_webhook_secrets =
    "DELETE FROM webhook_secrets WHERE webhook = $1 AND expires_at <= $2";
inline constexpr std::string_view webhook_secrets =
    "SELECT secret FROM webhook_secrets WHERE webhook = $1 AND (expires_at IS NULL OR expires_at > $2)"
    " ORDER BY id DESC";

/// A page of deliveries, each with its last attempts ($4 numbers of them): one row for each of these, or one
/// without.
#define SAFELIGHT_DELIVERY_COLUMNS \
    "id, sequence, event, job, status, created_at, due_at, finished_at, attempts"
#define SAFELIGHT_DELIVERY_PAGE(condition)                                                             \
    "SELECT page.id, page.sequence, page.event, page.job, page.status, page.created_at, page.due_at, " \
    "page.finished_at, attempts.number, attempts.started_at, attempts.duration_ms, "                   \
    "attempts.http_status, attempts.error FROM (SELECT " SAFELIGHT_DELIVERY_COLUMNS                    \
    " FROM webhook_deliveries WHERE " condition                                                        \
    ") AS page LEFT JOIN webhook_attempts AS attempts ON attempts.delivery = page.id"                  \
    " AND attempts.number > page.attempts - $4"
#define SAFELIGHT_DELIVERIES_BEFORE "webhook = $1 AND sequence < $2"
#define SAFELIGHT_NEWEST_FIRST " ORDER BY webhook DESC, sequence DESC LIMIT $3"
inline constexpr std::string_view list_deliveries =
    SAFELIGHT_DELIVERY_PAGE(SAFELIGHT_DELIVERIES_BEFORE SAFELIGHT_NEWEST_FIRST);
inline constexpr std::string_view list_waiting_deliveries =
    SAFELIGHT_DELIVERY_PAGE(SAFELIGHT_DELIVERIES_BEFORE " AND status = 'waiting'" SAFELIGHT_NEWEST_FIRST);
/// Most are: they are picked out of all.
inline constexpr std::string_view list_delivered_deliveries =
    SAFELIGHT_DELIVERY_PAGE(SAFELIGHT_DELIVERIES_BEFORE " AND status = 'delivered'" SAFELIGHT_NEWEST_FIRST);
inline constexpr std::string_view list_failed_deliveries =
    SAFELIGHT_DELIVERY_PAGE(SAFELIGHT_DELIVERIES_BEFORE " AND status = 'failed'" SAFELIGHT_NEWEST_FIRST);
inline constexpr std::string_view find_delivery =
    SAFELIGHT_DELIVERY_PAGE("webhook = $1 AND id = $2 LIMIT $3");
inline constexpr std::string_view replay_delivery =
    "UPDATE webhook_deliveries SET status = 'waiting', tries = 0, due_at = $3, finished_at = NULL"
    " WHERE webhook = $1 AND id = $2 AND status <> 'waiting' AND attempts < $4";

/// The endpoints that something waits for, one jump into the index for each. $1 is below all ids.
#define SAFELIGHT_AWAITED_WEBHOOKS                                                                  \
    "WITH RECURSIVE endpoints (webhook) AS ("                                                       \
    " SELECT (SELECT first.webhook FROM webhook_deliveries AS first WHERE first.status = 'waiting'" \
    " AND first.webhook > $1 ORDER BY first.webhook LIMIT 1)"                                       \
    " UNION ALL"                                                                                    \
    " SELECT (SELECT next.webhook FROM webhook_deliveries AS next WHERE next.status = 'waiting'"    \
    " AND next.webhook > page.webhook ORDER BY next.webhook LIMIT 1)"                               \
    " FROM endpoints AS page WHERE page.webhook IS NOT NULL)"
/// Of these, those that something is due for.
inline constexpr std::string_view due_webhooks = SAFELIGHT_AWAITED_WEBHOOKS
    " SELECT webhooks.id, webhooks.owner, webhooks.updated_at FROM endpoints AS page"
    " CROSS JOIN webhooks WHERE webhooks.id = page.webhook AND page.webhook IS NOT NULL"
    " AND coalesce(webhooks.disabled_at, webhooks.removed_at) IS NULL"
    " AND (SELECT 1 FROM webhook_deliveries AS due WHERE due.webhook = page.webhook"
    " AND due.status = 'waiting' AND due.due_at <= $2 LIMIT 1) = 1";
/// How many wait for each, up to $2, and since when the oldest does.
inline constexpr std::string_view waiting_deliveries = SAFELIGHT_AWAITED_WEBHOOKS
    " SELECT (SELECT count(*) FROM (SELECT 1 FROM webhook_deliveries AS waiting"
    " WHERE waiting.webhook = page.webhook AND waiting.status = 'waiting' LIMIT $2) AS page),"
    " (SELECT oldest.created_at FROM webhook_deliveries AS oldest WHERE oldest.webhook = page.webhook"
    " AND oldest.status = 'waiting' ORDER BY oldest.webhook, oldest.sequence LIMIT 1)"
    " FROM endpoints AS page WHERE page.webhook IS NOT NULL"
    " AND (SELECT 1 FROM webhooks WHERE webhooks.id = page.webhook"
    " AND coalesce(disabled_at, removed_at) IS NULL) = 1";
inline constexpr std::string_view url_of_webhook =
    "SELECT url FROM webhooks WHERE id = $1 AND coalesce(disabled_at, removed_at) IS NULL";
inline constexpr std::string_view due_deliveries =
    "SELECT id FROM webhook_deliveries AS due WHERE due.webhook = $1 AND due.status = 'waiting'"
    " AND due.due_at <= $2 AND (SELECT 1 FROM webhook_deliveries AS earlier"
    " WHERE earlier.webhook = due.webhook AND earlier.job = due.job AND earlier.sequence < due.sequence"
    " AND earlier.status = 'waiting' LIMIT 1) IS NULL ORDER BY due.webhook, due.sequence LIMIT $3";
/// By id alone from here on: the indexes of what waits lead to all of an endpoint's.
inline constexpr std::string_view claim_delivery =
    "UPDATE webhook_deliveries SET attempts = attempts + 1, due_at = $3, lease_until = $3"
    " WHERE id = $1 AND status = 'waiting' AND due_at <= $2"
    " RETURNING id, webhook, attempts, tries, payload";
#define SAFELIGHT_HELD_DELIVERY " WHERE id = $1 AND attempts = $2 AND status = 'waiting'"
inline constexpr std::string_view delivery_taken =
    "UPDATE webhook_deliveries SET status = 'delivered', finished_at = $3, "
    "lease_until = NULL" SAFELIGHT_HELD_DELIVERY;
inline constexpr std::string_view delivery_given_up =
    "UPDATE webhook_deliveries SET status = 'failed', tries = tries + 1, finished_at = $3, "
    "lease_until = NULL" SAFELIGHT_HELD_DELIVERY;
inline constexpr std::string_view delivery_put_off =
    "UPDATE webhook_deliveries SET tries = tries + 1, due_at = $3, "
    "lease_until = NULL" SAFELIGHT_HELD_DELIVERY;
inline constexpr std::string_view delivery_released =
    "UPDATE webhook_deliveries SET due_at = $3, lease_until = NULL" SAFELIGHT_HELD_DELIVERY;
inline constexpr std::string_view note_delivery_attempt =
    "INSERT INTO webhook_attempts (delivery, number, started_at, duration_ms, http_status, error)"
    " VALUES ($1, $2, $3, $4, $5, $6)";
/// From then on nobody else changes it until the end of the transaction; nothing is changed.
inline constexpr std::string_view lock_webhook = "UPDATE webhooks SET updated_at = updated_at WHERE id = $1";
#define SAFELIGHT_DISABLE_WEBHOOK                                                 \
    "UPDATE webhooks SET disabled_at = $2, disabled_reason = $3, updated_at = $2" \
    " WHERE id = $1 AND coalesce(disabled_at, removed_at) IS NULL"
inline constexpr std::string_view disable_webhook = SAFELIGHT_DISABLE_WEBHOOK;
/// Unless something was delivered to it since delivery $4 was written.
inline constexpr std::string_view disable_failing_webhook = SAFELIGHT_DISABLE_WEBHOOK
    " AND (SELECT 1 FROM webhook_deliveries AS taken WHERE taken.webhook = $1 AND taken.status = 'delivered'"
    " AND taken.finished_at > (SELECT given_up.created_at FROM webhook_deliveries AS given_up"
    " WHERE given_up.id = $4) LIMIT 1) IS NULL";

inline constexpr std::string_view old_deliveries =
    "SELECT id FROM webhook_deliveries WHERE finished_at <= $1 ORDER BY finished_at LIMIT $2";
inline constexpr std::string_view removed_webhooks =
    "SELECT id FROM webhooks WHERE removed_at <= $1 ORDER BY removed_at, id LIMIT $2";
inline constexpr std::string_view deliveries_of_webhook =
    "SELECT id FROM webhook_deliveries WHERE webhook = $1 LIMIT $2";
/// One that was replayed meanwhile stays.
inline constexpr std::string_view drop_old_delivery =
    "DELETE FROM webhook_deliveries WHERE id = $1 AND finished_at <= $2";
inline constexpr std::string_view drop_delivery = "DELETE FROM webhook_deliveries WHERE id = $1";
inline constexpr std::string_view drop_webhook = "DELETE FROM webhooks WHERE id = $1";

/// All of the above.
inline constexpr Named of_webhooks[] = {
    {"webhooks_of_owner", webhooks_of_owner},
    {"create_webhook", create_webhook},
    {"find_webhook", find_webhook},
    {"list_webhooks", list_webhooks},
    {"hold_webhook", hold_webhook},
    {"change_webhook", change_webhook},
    {"resume_deliveries", resume_deliveries},
    {"remove_webhook", remove_webhook},
    {"remove_webhook_secrets", remove_webhook_secrets},
    {"create_webhook_secret", create_webhook_secret},
    {"expire_webhook_secrets", expire_webhook_secrets},
    {"drop_webhook_secrets", drop_webhook_secrets},
    {"webhook_secrets", webhook_secrets},
    {"list_deliveries", list_deliveries},
    {"list_waiting_deliveries", list_waiting_deliveries},
    {"list_delivered_deliveries", list_delivered_deliveries},
    {"list_failed_deliveries", list_failed_deliveries},
    {"find_delivery", find_delivery},
    {"replay_delivery", replay_delivery},
    {"due_webhooks", due_webhooks},
    {"waiting_deliveries", waiting_deliveries},
    {"url_of_webhook", url_of_webhook},
    {"due_deliveries", due_deliveries},
    {"claim_delivery", claim_delivery},
    {"delivery_taken", delivery_taken},
    {"delivery_given_up", delivery_given_up},
    {"delivery_put_off", delivery_put_off},
    {"delivery_released", delivery_released},
    {"note_delivery_attempt", note_delivery_attempt},
    {"lock_webhook", lock_webhook},
    {"disable_webhook", disable_webhook},
    {"disable_failing_webhook", disable_failing_webhook},
    {"old_deliveries", old_deliveries},
    {"removed_webhooks", removed_webhooks},
    {"deliveries_of_webhook", deliveries_of_webhook},
    {"drop_old_delivery", drop_old_delivery},
    {"drop_delivery", drop_delivery},
    {"drop_webhook", drop_webhook},
};

}  // namespace safelight::sql
