// Sends what is due to the endpoints of webhooks: several at the same time, each on a thread.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string_view>

#include "base/clock.h"
#include "base/thread_pool.h"
#include "catalog/webhooks.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"
#include "webhooks/webhook_poster.h"
#include "worker/duties/duty.h"
#include "worker/duties/endpoint_load.h"
#include "worker/worker.h"

namespace safelight {

/// Everything referred to outlives the sender.
struct WebhookSenderParts {
    const Clock& clock;
    DeliveryOutbox& outbox;
    WebhookPoster& poster;
    telemetry::Logger& log;
    telemetry::Metrics& metrics;
};

/// Any thread may call. Any number of processes may run one: a delivery is sent by who has claimed it.
class WebhookSender {
  public:
    WebhookSender(const WebhookSenderParts& parts, const WebhookConfig& config);
    ~WebhookSender();
    WebhookSender(const WebhookSender&) = delete;
    WebhookSender& operator=(const WebhookSender&) = delete;

    void start() { duty_.start(); }
    /// Begins nothing any more, waits up to `patience` for what is on its way, then breaks it off and gives
    /// it back. Idempotent.
    void stop(Milliseconds patience);

    /// One round: begins what is due and has room. Returns how much. What finds no descriptor or thread here
    /// is no attempt: nothing is begun for a few seconds, and it is due again then.
    std::size_t begin_due(const std::stop_token& stop);
    /// Returns when nothing is on its way.
    void await_idle();

    [[nodiscard]] std::uint32_t in_flight();

  private:
    struct Sending {
        std::shared_ptr<const DeliveryBatch> batch;
        DeliveryClaim claim;
        Timestamp lease_until;
    };

    [[nodiscard]] bool may_begin();
    [[nodiscard]] std::uint32_t room(const DueWebhook& webhook);
    std::size_t begin_some(const DueWebhook& webhook, std::uint32_t count);
    void send(const Sending& sending);
    void conclude(const DeliveryClaim& claim, const PostResult& result, const DeliveryOutcome& outcome);
    [[nodiscard]] bool record(const DeliveryClaim& claim, const PostResult& result,
                              const DeliveryOutcome& outcome);
    void give_back(const DeliveryClaim& claim, Timestamp due_at);
    void hold_up(const DeliveryClaim& claim, std::string_view lacking);
    [[nodiscard]] Milliseconds until_next();
    void log_failure(const Error& error);

    const WebhookSenderParts parts_;
    const WebhookConfig config_;
    std::stop_source break_off_;
    std::mutex mutex_;
    std::condition_variable ended_;
    EndpointLoad load_;               // guarded by mutex_
    Timestamp held_up_until_{};       // for want of descriptors or threads; guarded by mutex_
    std::multiset<Timestamp> due_;    // when something is due before the next round; guarded by mutex_
    std::optional<ThreadPool> pool_;  // from the first delivery on; of begin_due
    Duty duty_;                       // last: ends before the rest goes
};

}  // namespace safelight
