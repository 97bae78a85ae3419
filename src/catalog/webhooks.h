// Endpoints that are told what became of jobs, and what is to be told to them: the outbox.
//
// A delivery is written by the database itself, in the transaction that finishes a job (a trigger on its
// status), for each endpoint of the account that wants it and is not disabled. What is sent stands in it from
// then on, byte by byte.
//
// Calls as those of catalog.h: each one transaction, durable when it returns; any thread; they block. Errors
// of every call: unavailable, storage_full.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"

namespace safelight {

using WebhookId = Id<struct WebhookTag>;
using WebhookSecretId = Id<struct WebhookSecretTag>;
using DeliveryId = Id<struct WebhookDeliveryTag>;

enum class WebhookEvent : std::uint8_t {
    job_processed = 1,
    job_failed = 2,
    webhook_disabled = 4,  // another endpoint of the account is not told any more
};
[[nodiscard]] std::string_view name_of(WebhookEvent event);  // "job.processed", …
[[nodiscard]] std::optional<WebhookEvent> webhook_event_from_name(std::string_view name);

/// What an endpoint wants to be told. None: of every job, and nothing else.
class WebhookEvents {
  public:
    constexpr WebhookEvents() = default;
    constexpr WebhookEvents(std::initializer_list<WebhookEvent> events) {
        for (const WebhookEvent event : events) add(event);
    }

    constexpr void add(WebhookEvent event) { bits_ |= static_cast<std::uint8_t>(event); }
    [[nodiscard]] std::vector<WebhookEvent> list() const;

    /// As the catalog keeps them.
    [[nodiscard]] constexpr std::uint8_t bits() const { return bits_; }
    [[nodiscard]] static constexpr WebhookEvents of_bits(std::uint8_t bits) {
        WebhookEvents events;
        events.bits_ = bits;
        return events;
    }

    bool operator==(const WebhookEvents&) const = default;

  private:
    std::uint8_t bits_ = 0;
};

enum class DisabledReason : std::uint8_t {
    paused,   // its account asked for it
    gone,     // it answered 410
    failing,  // a delivery was tried as often as it may be, and nothing else was taken meanwhile
};
[[nodiscard]] std::string_view name_of(DisabledReason reason);
[[nodiscard]] std::optional<DisabledReason> disabled_reason_from_name(std::string_view name);

struct Webhook {
    WebhookId id;
    AccountId owner;
    std::string url;
    std::string description;
    WebhookEvents events;
    Timestamp created_at;  // the time in its id
    Timestamp updated_at;
    std::optional<Timestamp> disabled_at{};  // then nothing is sent, and nothing new is written for it
    std::optional<DisabledReason> disabled_reason{};  // exactly when it is disabled

    bool operator==(const Webhook&) const = default;
};

/// By which deliveries are signed.
struct SigningSecret {
    std::array<std::byte, 32> bytes{};

    bool operator==(const SigningSecret&) const = default;
};

struct WebhookChange {
    std::optional<std::string> url{};
    std::optional<std::string> description{};
    std::optional<WebhookEvents> events{};
    std::optional<bool> enabled{};
};

inline constexpr std::uint32_t secrets_per_webhook_max = 5;
/// How long deliveries are kept once they are delivered or given up.
inline constexpr Milliseconds deliveries_kept_for = std::chrono::hours{24 * 7};
/// Those of the last so many attempts of a delivery are shown.
inline constexpr std::uint64_t attempts_shown_max = 50;
/// One that was claimed as often as this is not replayed any more.
inline constexpr std::uint64_t attempts_replayed_max = 200;
/// How long a removed endpoint's row stays at least: whoever finishes a job may have seen the endpoint
/// before.
inline constexpr Milliseconds removed_webhooks_kept_for{60'000};
/// Of an endpoint's deliveries that wait no more than this are counted.
inline constexpr std::uint32_t waiting_counted_max = 10'000;

enum class DeliveryStatus : std::uint8_t {
    waiting,
    delivered,
    failed,  // given up
};
[[nodiscard]] std::string_view name_of(DeliveryStatus status);
[[nodiscard]] std::optional<DeliveryStatus> delivery_status_from_name(std::string_view name);

struct DeliveryAttempt {
    std::uint64_t number = 0;  // above 0; one that is missing was not sent, or its process died
    Timestamp started_at;
    Milliseconds duration{};
    std::optional<int> http_status{};  // empty: there was no answer
    std::string error;                 // "" when it was taken, else a short name: "timeout", "bad_status"

    bool operator==(const DeliveryAttempt&) const = default;
};

struct WebhookDelivery {
    DeliveryId id;
    std::uint64_t sequence = 0;  // rises
    WebhookEvent event = WebhookEvent::job_processed;
    std::optional<JobId> job{};  // of which it tells; it may have been deleted since
    DeliveryStatus status = DeliveryStatus::waiting;
    Timestamp created_at;
    Timestamp due_at;                         // while it waits: not before
    std::optional<Timestamp> finished_at{};   // exactly when it does not wait
    std::vector<DeliveryAttempt> attempts{};  // of the last attempts_shown_max

    bool operator==(const WebhookDelivery&) const = default;
};

/// Newest first; the sequence of the last item of a page is where the next begins.
struct DeliveryQuery {
    AccountId owner;
    WebhookId webhook;
    std::optional<DeliveryStatus> status{};
    std::optional<std::uint64_t> before{};
    std::uint32_t limit = 50;
};

/// An endpoint that something is due for.
struct DueWebhook {
    WebhookId id;
    AccountId owner;
    Timestamp updated_at;  // changes when the endpoint does

    bool operator==(const DueWebhook&) const = default;
};

/// What waits for endpoints that are not disabled.
struct WaitingDeliveries {
    std::uint64_t count = 0;            // at most waiting_counted_max of each endpoint
    std::optional<Timestamp> oldest{};  // when it was written; empty: nothing waits

    bool operator==(const WaitingDeliveries&) const = default;
};

/// A delivery that somebody may send now.
struct DeliveryClaim {
    DeliveryId id;
    WebhookId webhook;
    std::uint64_t attempt = 0;  // the fencing token, and the number of the attempt
    std::uint32_t tries = 0;    // that failed before
    std::string payload;
};

/// What somebody who may send needs beside it.
struct DeliveryBatch {
    std::string url;
    std::vector<SigningSecret> secrets;  // the newest first
    std::vector<DeliveryClaim> claims;   // in the order in which they came to pass
};

/// What comes of an attempt.
struct DeliveryOutcome {
    DeliveryAttempt attempt;  // its number is that of the claim
    /// When it is tried again; empty: it is delivered, or given up when there is an error.
    std::optional<Timestamp> retry_at{};
    /// Why its endpoint is told nothing any more; empty: it goes on. For `failing` it does so only if nothing
    /// was delivered to it since this delivery was written.
    std::optional<DisabledReason> disable{};
};

/// For whoever manages endpoints. Errors of every call about one: not_found, also for somebody else's.
class Webhooks {
  public:
    virtual ~Webhooks() = default;

    /// Errors: also conflict (the account has `endpoints_max` of them, about: those made at the same time do
    /// not see each other).
    [[nodiscard]] virtual Status create(const Webhook& webhook, WebhookSecretId secret_id,
                                        const SigningSecret& secret, std::uint32_t endpoints_max) = 0;
    [[nodiscard]] virtual Result<Webhook> find(AccountId owner, WebhookId id) = 0;
    /// By id, upwards: those after `after`.
    [[nodiscard]] virtual Result<std::vector<Webhook>> list(AccountId owner, std::optional<WebhookId> after,
                                                            std::uint32_t limit) = 0;
    /// Returns the endpoint as it stands then. One that is enabled again is due with all that waits, as if
    /// none of it had been tried.
    [[nodiscard]] virtual Result<Webhook> update(AccountId owner, WebhookId id, const WebhookChange& change,
                                                 Timestamp now) = 0;
    /// Nothing is sent to it from now on; what was to be is swept.
    [[nodiscard]] virtual Status remove(AccountId owner, WebhookId id, Timestamp now) = 0;
    /// Deliveries are signed by `secret` as well, and by the older ones until `until` at the latest. Errors:
    /// also conflict (it has secrets_per_webhook_max of them).
    [[nodiscard]] virtual Status add_secret(AccountId owner, WebhookId id, WebhookSecretId secret_id,
                                            const SigningSecret& secret, Timestamp until, Timestamp now) = 0;

    /// With their attempts.
    [[nodiscard]] virtual Result<std::vector<WebhookDelivery>> deliveries(const DeliveryQuery& query) = 0;
    [[nodiscard]] virtual Result<WebhookDelivery> find_delivery(AccountId owner, WebhookId webhook,
                                                                DeliveryId id) = 0;
    /// It waits again, as if it had not been tried. Returns it as it stands then. Errors: also conflict (it
    /// waits, or was claimed attempts_replayed_max times).
    [[nodiscard]] virtual Result<WebhookDelivery> replay(AccountId owner, WebhookId webhook, DeliveryId id,
                                                         Timestamp now) = 0;
};

/// For whoever sends.
class DeliveryOutbox {
  public:
    virtual ~DeliveryOutbox() = default;

    /// The endpoints that something is due for, by id. Its cost grows with the endpoints that something waits
    /// for. Reads only.
    [[nodiscard]] virtual Result<std::vector<DueWebhook>> due(Timestamp now) = 0;

    /// For whoever watches. Its cost grows with what waits. Reads only.
    [[nodiscard]] virtual Result<WaitingDeliveries> waiting() = 0;

    /// At most `limit` of the endpoint's that are due, the oldest first, and none of a job of which an older
    /// one waits. They are the caller's until the lease is over, or record() or release(). Without claims
    /// when there is nothing to send.
    [[nodiscard]] virtual Result<DeliveryBatch> claim(WebhookId webhook, std::uint32_t limit,
                                                      Milliseconds lease, Timestamp now) = 0;

    /// Returns whether it disabled the endpoint: not when that was disabled already, or does not fail as a
    /// whole. Errors: fenced (somebody
    /// else has it, or its endpoint is gone; nothing is changed).
    [[nodiscard]] virtual Result<bool> record(const DeliveryClaim& claim, const DeliveryOutcome& outcome,
                                              Timestamp now) = 0;

    /// It was not sent, was no try, and is due again at `due_at`. Errors: fenced.
    [[nodiscard]] virtual Status release(const DeliveryClaim& claim, Timestamp due_at) = 0;

    /// Removes at most about `limit` deliveries that nobody needs any more: those that were finished
    /// deliveries_kept_for ago, and those of endpoints that were removed removed_webhooks_kept_for ago, which
    /// follow them. Returns how many. Reads
    /// only when there are none.
    [[nodiscard]] virtual Result<std::uint64_t> sweep(std::uint32_t limit, Timestamp now) = 0;
};

}  // namespace safelight
