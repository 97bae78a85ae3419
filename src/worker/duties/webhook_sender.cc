#include "worker/duties/webhook_sender.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <string>
#include <utility>

#include "base/random.h"
#include "webhooks/delivery_decision.h"
#include "webhooks/signature.h"

namespace safelight {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// An endpoint that fails is asked this often at least when something is due.
constexpr Milliseconds rest_max{60'000};
/// Descriptors and threads come back when others are done with theirs.
constexpr Milliseconds pause_without_resources{10'000};
/// Due times that are remembered; more come with the interval.
constexpr std::size_t due_times_max = 1'000;

/// A single failure may be the message's, and does not hold up the others.
Milliseconds rest_of(const RetrySchedule& retries, std::uint32_t failures) {
    if (failures < 2) return Milliseconds::zero();
    return std::min(retries.pause(failures - 1, 0.5), rest_max);
}

std::string_view result_name(const DeliveryOutcome& outcome) {
    if (outcome.attempt.error.empty()) return "delivered";
    return outcome.retry_at ? "retried" : "given_up";
}

}  // namespace

WebhookSender::WebhookSender(const WebhookSenderParts& parts, const WebhookConfig& config)
    : parts_(parts),
      config_(config),
      load_(config.attempts_max, config.attempts_per_endpoint_max),
      duty_("webhook-sender", parts.log, [this](const std::stop_token& stop) {
          begin_due(stop);
          return until_next();
      }) {}

WebhookSender::~WebhookSender() {
    stop(Milliseconds::zero());
}

void WebhookSender::stop(Milliseconds patience) {
    duty_.stop();
    {
        std::unique_lock lock(mutex_);
        ended_.wait_for(lock, patience, [this] { return load_.in_flight() == 0; });
    }
    break_off_.request_stop();
    await_idle();
}

void WebhookSender::await_idle() {
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [this] { return load_.in_flight() == 0; });
}

std::uint32_t WebhookSender::in_flight() {
    const std::lock_guard lock(mutex_);
    return load_.in_flight();
}

bool WebhookSender::may_begin() {
    const std::lock_guard lock(mutex_);
    // Whoever ends wakes the duty.
    return load_.in_flight() < config_.attempts_max && parts_.clock.now() >= held_up_until_;
}

std::uint32_t WebhookSender::room(const DueWebhook& webhook) {
    const std::lock_guard lock(mutex_);
    return load_.room(webhook, parts_.clock.now());
}

std::size_t WebhookSender::begin_due(const std::stop_token& stop) {
    if (!may_begin()) return 0;
    auto due = parts_.outbox.due(parts_.clock.now());
    if (!due) {
        log_failure(due.error());
        return 0;
    }
    {
        const std::lock_guard lock(mutex_);
        *due = load_.in_turn(*std::move(due));
    }
    std::size_t begun = 0;
    for (const DueWebhook& webhook : *due) {
        const std::uint32_t count = room(webhook);
        if (stop.stop_requested()) break;
        if (count > 0) begun += begin_some(webhook, count);
    }
    return begun;
}

std::size_t WebhookSender::begin_some(const DueWebhook& webhook, std::uint32_t count) {
    // Each has a thread, so that none is ever refused. Where none can be started, nothing is claimed.
    if (!pool_) pool_.emplace("webhook", config_.attempts_max, config_.attempts_max);
    const Timestamp now = parts_.clock.now();
    auto claimed = parts_.outbox.claim(webhook.id, count, config_.lease(), now);
    if (!claimed) {
        log_failure(claimed.error());
        return 0;
    }
    const auto batch = std::make_shared<const DeliveryBatch>(*std::move(claimed));
    std::size_t begun = 0;
    for (const DeliveryClaim& claim : batch->claims) {
        {
            const std::lock_guard lock(mutex_);
            load_.begin(webhook, now);
        }
        const bool taken =
            pool_->submit([this, sending = Sending{batch, claim, now + config_.lease()}] { send(sending); });
        if (taken) {
            ++begun;
            continue;
        }
        const std::lock_guard lock(mutex_);
        load_.broken_off(webhook.id);  // its lease runs out
    }
    return begun;
}

void WebhookSender::send(const Sending& sending) {
    const DeliveryClaim& claim = sending.claim;
    try {
        const Timestamp started_at = parts_.clock.now();
        const auto started = SteadyClock::now();
        PostResult result{.status = {}, .error = "stopped", .retry_after = {}, .is_stopped = true};
        // After a pause of this machine it may be another's by now.
        if (started_at + config_.timeout <= sending.lease_until)
            result = parts_.poster.post({.url = sending.batch->url,
                                         .message_id = message_id_of(claim.id),
                                         .sent_at = started_at,
                                         .payload = claim.payload,
                                         .secrets = sending.batch->secrets},
                                        break_off_.get_token());
        if (result.is_stopped) {
            give_back(claim, parts_.clock.now());
        } else if (result.is_unsent) {
            hold_up(claim, result.error);
        } else {
            DeliveryOutcome outcome =
                decide_delivery(result, claim.tries, config_.retries, parts_.clock.now(), random_fraction());
            outcome.attempt.number = claim.attempt;
            outcome.attempt.started_at = started_at;
            outcome.attempt.duration = std::chrono::duration_cast<Milliseconds>(SteadyClock::now() - started);
            conclude(claim, result, outcome);
            return;
        }
    } catch (const std::exception& error) {
        // The claim could not even be settled: its lease runs out.
        parts_.log.error("exception in a webhook's attempt",
                         {{"delivery_id", claim.id.to_string()}, {"what", error.what()}});
    }
    // Nothing comes after it: whoever waits for the last one may destroy this.
    const std::lock_guard lock(mutex_);
    load_.broken_off(claim.webhook);
    duty_.wake();
    ended_.notify_all();
}

void WebhookSender::conclude(const DeliveryClaim& claim, const PostResult& result,
                             const DeliveryOutcome& outcome) {
    const bool is_recorded = record(claim, result, outcome);
    parts_.metrics.webhook_attempt(is_recorded ? result_name(outcome) : "fenced", outcome.attempt.duration);
    const Timestamp now = parts_.clock.now();
    const std::lock_guard lock(mutex_);
    if (outcome.attempt.error.empty()) {
        load_.delivered(claim.webhook, outcome.attempt.duration);
    } else {
        const std::uint32_t failures = load_.failed(claim.webhook, now);
        // Retry-After is the delivery's alone: the endpoint may be mended, or another one, before.
        const Milliseconds pause = rest_of(config_.retries, failures);
        if (pause > Milliseconds::zero()) load_.rest(claim.webhook, now + pause);
        if (due_.size() < due_times_max) due_.insert(now + pause);
        if (outcome.retry_at && due_.size() < due_times_max) due_.insert(*outcome.retry_at);
    }
    duty_.wake();
    ended_.notify_all();
}

bool WebhookSender::record(const DeliveryClaim& claim, const PostResult& result,
                           const DeliveryOutcome& outcome) {
    const auto disabled = parts_.outbox.record(claim, outcome, parts_.clock.now());
    if (!disabled) {
        // It is somebody else's, or will be when the lease is over.
        if (disabled.error().code != ErrorCode::fenced) log_failure(disabled.error());
        return false;
    }
    const DeliveryAttempt& attempt = outcome.attempt;
    if (!attempt.error.empty()) {
        parts_.log.info("webhook not delivered",
                        {{"webhook_id", claim.webhook.to_string()},
                         {"delivery_id", claim.id.to_string()},
                         {"attempt", attempt.number},
                         {"error", result.fault.empty() ? attempt.error : result.fault},
                         {"status", attempt.http_status.value_or(0)}});
    }
    if (*disabled) {
        parts_.metrics.webhook_disabled(name_of(*outcome.disable));
        parts_.log.warn("webhook disabled",
                        {{"webhook_id", claim.webhook.to_string()}, {"reason", name_of(*outcome.disable)}});
    }
    return true;
}

void WebhookSender::give_back(const DeliveryClaim& claim, Timestamp due_at) {
    const Status released = parts_.outbox.release(claim, due_at);
    if (!released && released.error().code != ErrorCode::fenced) log_failure(released.error());
}

void WebhookSender::hold_up(const DeliveryClaim& claim, std::string_view lacking) {
    const Timestamp until = parts_.clock.now() + pause_without_resources;
    log_failure({ErrorCode::unavailable, std::string(lacking), {}, {}});
    {
        // All others would be claimed in vain, one after the other.
        const std::lock_guard lock(mutex_);
        held_up_until_ = until;
        if (due_.size() < due_times_max) due_.insert(until);
    }
    give_back(claim, until);
}

Milliseconds WebhookSender::until_next() {
    const Timestamp now = parts_.clock.now();
    const std::lock_guard lock(mutex_);
    due_.erase(due_.begin(), due_.upper_bound(now));
    if (due_.empty()) return config_.interval;
    return std::clamp(*due_.begin() - now, Milliseconds{1}, config_.interval);
}

void WebhookSender::log_failure(const Error& error) {
    parts_.log.warn("webhooks held up",
                    {{"error", name_of(error.code)},
                     {"detail", error.log_text.empty() ? error.public_text : error.log_text}});
}

}  // namespace safelight
