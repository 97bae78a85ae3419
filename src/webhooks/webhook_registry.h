// Endpoints made, changed and removed by their accounts, and their secrets.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "catalog/webhooks.h"
#include "webhooks/webhook_targets.h"

namespace safelight {

struct WebhookDraft {
    std::string url;
    std::string description;
    WebhookEvents events;
    bool enabled = true;
};

/// An endpoint with a new secret.
struct IssuedWebhook {
    Webhook webhook;
    std::string secret;  // the only time that it is seen
};

/// Any thread may call; calls block. Errors of every call: unavailable, storage_full; of all but create:
/// not_found, also for somebody else's.
class WebhookRegistry {
  public:
    static constexpr std::uint32_t endpoints_per_account_max = 10;
    /// How long older secrets go on signing beside a new one.
    static constexpr Milliseconds secret_grace = std::chrono::hours{24};

    /// What is passed by reference outlives this.
    WebhookRegistry(Webhooks& webhooks, WebhookTargets targets, IdGenerator& ids, const Clock& clock)
        : webhooks_(webhooks), targets_(std::move(targets)), ids_(ids), clock_(clock) {}

    /// Errors: invalid_argument ("/url", "/description"), conflict (there are endpoints_per_account_max).
    [[nodiscard]] Result<IssuedWebhook> create(AccountId owner, WebhookDraft draft);
    /// Errors: also invalid_argument.
    [[nodiscard]] Result<Webhook> update(AccountId owner, WebhookId id, const WebhookChange& change);
    [[nodiscard]] Status remove(AccountId owner, WebhookId id);
    /// Errors: also conflict (there are secrets_per_webhook_max that are still good).
    [[nodiscard]] Result<IssuedWebhook> rotate_secret(AccountId owner, WebhookId id);
    /// Errors: also conflict (it waits).
    [[nodiscard]] Result<WebhookDelivery> replay(AccountId owner, WebhookId webhook, DeliveryId id);

    [[nodiscard]] Webhooks& webhooks() { return webhooks_; }

  private:
    [[nodiscard]] Status check(const std::optional<std::string>& url,
                               const std::optional<std::string>& description) const;

    Webhooks& webhooks_;
    const WebhookTargets targets_;
    IdGenerator& ids_;
    const Clock& clock_;
};

}  // namespace safelight
