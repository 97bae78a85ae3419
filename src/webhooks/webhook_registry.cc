#include "webhooks/webhook_registry.h"

#include <vector>

#include "base/text.h"
#include "catalog/records.h"
#include "webhooks/signature.h"

namespace safelight {
namespace {

constexpr std::size_t description_bytes_max = 512;

}  // namespace

Status WebhookRegistry::check(const std::optional<std::string>& url,
                              const std::optional<std::string>& description) const {
    std::vector<Fault> faults;
    if (url) {
        if (const Status good = targets_.check(*url, "/url"); !good) faults = good.error().faults;
    }
    if (description && (description->size() > description_bytes_max || !is_utf8(*description) ||
                        description->find('\0') != std::string::npos))
        faults.push_back({"/description", "A description has at most 512 bytes of UTF-8, without NUL."});
    if (!faults.empty()) return invalid(std::move(faults));
    return {};
}

Result<IssuedWebhook> WebhookRegistry::create(AccountId owner, WebhookDraft draft) {
    TRY(check(draft.url, draft.description));
    Webhook webhook;
    webhook.id = ids_.next<WebhookId>();
    webhook.owner = owner;
    webhook.url = std::move(draft.url);
    webhook.description = std::move(draft.description);
    webhook.events = draft.events;
    webhook.created_at = time_of(webhook.id.uuid);
    webhook.updated_at = webhook.created_at;
    if (!draft.enabled) {
        webhook.disabled_at = webhook.created_at;
        webhook.disabled_reason = DisabledReason::paused;
    }
    const SigningSecret secret = new_signing_secret();
    TRY(webhooks_.create(webhook, ids_.next<WebhookSecretId>(), secret, endpoints_per_account_max));
    return IssuedWebhook{std::move(webhook), text_of(secret)};
}

Result<Webhook> WebhookRegistry::update(AccountId owner, WebhookId id, const WebhookChange& change) {
    TRY(check(change.url, change.description));
    return webhooks_.update(owner, id, change, clock_.now());
}

Status WebhookRegistry::remove(AccountId owner, WebhookId id) {
    return webhooks_.remove(owner, id, clock_.now());
}

Result<IssuedWebhook> WebhookRegistry::rotate_secret(AccountId owner, WebhookId id) {
    const SigningSecret secret = new_signing_secret();
    const Timestamp now = clock_.now();
    TRY(webhooks_.add_secret(owner, id, ids_.next<WebhookSecretId>(), secret, now + secret_grace, now));
    TRY_ASSIGN(auto webhook, webhooks_.find(owner, id));
    return IssuedWebhook{std::move(webhook), text_of(secret)};
}

Result<WebhookDelivery> WebhookRegistry::replay(AccountId owner, WebhookId webhook, DeliveryId id) {
    return webhooks_.replay(owner, webhook, id, clock_.now());
}

}  // namespace safelight
