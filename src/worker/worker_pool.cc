#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include "worker/duties/bulk_runner.h"
#include "worker/duties/overdue_sweeper.h"
#include "worker/duties/rescuer.h"
#include "worker/duties/retention_duty.h"
#include "worker/duties/sweeper.h"
#include "worker/duties/webhook_sender.h"
#include "worker/job_runner.h"
#include "worker/lease_keeper.h"
#include "worker/render_budget.h"
#include "worker/render_slots.h"
#include "worker/rerender_runner.h"
#include "worker/thread_priority.h"
#include "worker/worker.h"

namespace safelight {
namespace {

constexpr Milliseconds receive_timeout{30'000};
/// After a queue failed to answer, so that a worker does not spin.
constexpr Milliseconds queue_pause{1'000};

class ThreadedWorkerPool final : public WorkerPool {
  public:
    ThreadedWorkerPool(const WorkerConfig& config, const WorkerParts& parts)
        : config_(config),
          parts_(parts),
          leases_(parts.claims, parts.clock, parts.log, config.lease),
          slots_(config.renders),
          budget_(config.render_bytes_max),
          rescuer_({parts.clock, parts.claims, parts.queue, parts.log, parts.metrics},
                   config.rescue_interval),
          sweeper_(parts.clock, {parts.ledger, parts.blobs, parts.log}, parts.keys, parts.metrics,
                   config.sweep_interval),
          bulk_runner_({parts.clock,
                        parts.bulk_operations,
                        parts.claims,
                        {parts.ledger, parts.blobs, parts.log},
                        parts.queue,
                        parts.watch,
                        parts.metrics},
                       {.interval = config.rescue_interval,
                        .lease = config.lease,
                        .tries_max = config.tries_max,
                        .backlog_max = config.backlog_max / 2}),
          overdue_sweeper_(parts.clock, overdue_kinds(parts.idempotency, parts.uploads, parts.outbox),
                           parts.log, config.sweep_interval),
          retention_({parts.clock,
                      parts.retention,
                      {parts.ledger, parts.blobs, parts.log},
                      parts.watch,
                      parts.metrics},
                     config.retention) {
        if (parts.outbox != nullptr && parts.poster != nullptr && config.webhooks.attempts_max > 0)
            webhook_sender_.emplace(
                WebhookSenderParts{parts.clock, *parts.outbox, *parts.poster, parts.log, parts.metrics},
                config.webhooks);
        try {
            start();
        } catch (...) {
            // No thread is left, say. Those that were started end first.
            end(Milliseconds::zero());
            throw;
        }
    }

    ~ThreadedWorkerPool() override { end(Milliseconds::zero()); }

    void stop_taking() override { stop_.request_stop(); }

    void drain(Milliseconds timeout) override { end(timeout); }

    std::uint32_t busy() const override { return busy_; }
    std::uint32_t webhooks_in_flight() override { return webhook_sender_ ? webhook_sender_->in_flight() : 0; }
    std::uint64_t render_bytes() const override { return budget_.used_bytes(); }

  private:
    void start() {
        working_ = config_.threads;
        for (std::uint32_t i = 0; i < config_.threads; ++i) {
            threads_.emplace_back([this] { work(); });
            pthread_setname_np(threads_.back().native_handle(), "worker");
        }
        // Without workers the hints are for other processes, which rescue for themselves.
        if (config_.threads > 0) rescuer_.start();
        sweeper_.start();
        bulk_runner_.start();
        overdue_sweeper_.start();
        if (webhook_sender_) webhook_sender_->start();
        retention_.start();
    }

    void end(Milliseconds timeout) {
        const std::lock_guard draining(drain_mutex_);
        stop_.request_stop();
        const auto deadline = std::chrono::steady_clock::now() + timeout;
        {
            std::unique_lock lock(mutex_);
            changed_.wait_for(lock, timeout, [this] { return working_ == 0; });
        }
        give_back_ = true;
        for (std::thread& thread : threads_) thread.join();
        threads_.clear();
        if (webhook_sender_) {
            // What the last jobs had to tell is sent by who comes next.
            const auto left =
                std::chrono::duration_cast<Milliseconds>(deadline - std::chrono::steady_clock::now());
            webhook_sender_->stop(std::max(left, Milliseconds::zero()));
        }
        bulk_runner_.stop();
        rescuer_.stop();
        sweeper_.stop();
        overdue_sweeper_.stop();
        retention_.stop();
    }

    void work() {
        lower_thread_priority(parts_.log);
        JobRunner runner(
            config_, parts_, leases_, budget_, [this](Timestamp due) { rescuer_.note_due(due); }, give_back_);
        RerenderRunner rerenders(config_, parts_, leases_, runner, give_back_);
        // Those that other processes queue are looked for when no job came for so long.
        const Milliseconds idle = std::min(receive_timeout, config_.rescue_interval);
        bool may_rerender_more = true;
        // Without a slot nothing is taken: another process may have one free.
        while (auto slot = slots_.take(stop_.get_token())) {
            const auto delivery =
                parts_.queue.receive(may_rerender_more ? Milliseconds::zero() : idle, stop_.get_token());
            if (!delivery) {
                slot->release();
                pause_after(delivery.error());
            } else if (*delivery && !stop_.stop_requested()) {
                handle(runner, **delivery, std::move(*slot));
            } else if (!stop_.stop_requested()) {
                may_rerender_more = rerender(rerenders, std::move(*slot));
            }
        }
        const std::lock_guard lock(mutex_);
        --working_;
        changed_.notify_all();
    }

    void handle(JobRunner& runner, const Delivery& delivery, RenderSlot slot) {
        ++busy_;
        try {
            // The catalog that does not take this claim will not take the next one either.
            if (const Status status = runner.run(delivery.job_id, std::move(slot)); !status)
                pause_after(status.error());
        } catch (const std::exception& error) {
            // The claim could not even be settled: its lease runs out.
            parts_.log.error("exception in a worker",
                             {{"job_id", delivery.job_id.to_string()}, {"what", error.what()}});
        }
        --busy_;
        if (const Status status = parts_.queue.acknowledge(delivery); !status) log_trouble(status.error());
    }

    /// Low priority: called when no job waits, and never by so many workers that a job that comes finds no
    /// slot (unless there is but one). Whether there may be more to do.
    bool rerender(RerenderRunner& runner, RenderSlot slot) {
        if (rerendering_.fetch_add(1) >= std::max(config_.renders, 2U) - 1) {
            --rerendering_;
            return false;
        }
        bool done = false;
        try {
            const Result<bool> ran = runner.run_next(std::move(slot));
            if (!ran) log_trouble(ran.error());
            done = ran.value_or(false);
        } catch (const std::exception& error) {
            // The claim could not even be settled: its lease runs out.
            parts_.log.error("exception in a worker", {{"what", error.what()}});
        }
        --rerendering_;
        return done;
    }

    void pause_after(const Error& error) {
        log_trouble(error);
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, stop_.get_token(), queue_pause, [] { return false; });
    }

    void log_trouble(const Error& error) {
        parts_.log.warn("queue or catalog failed",
                        {{"error", name_of(error.code)}, {"detail", error.log_text}});
    }

    const WorkerConfig config_;
    const WorkerParts parts_;
    LeaseKeeper leases_;
    RenderSlots slots_;
    RenderBudget budget_;
    Rescuer rescuer_;
    Sweeper sweeper_;
    BulkRunner bulk_runner_;
    OverdueSweeper overdue_sweeper_;
    std::optional<WebhookSender> webhook_sender_;
    RetentionDuty retention_;
    std::stop_source stop_;
    std::atomic<bool> give_back_ = false;
    std::atomic<std::uint32_t> busy_ = 0;
    std::atomic<std::uint32_t> rerendering_ = 0;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::uint32_t working_ = 0;  // threads that have not ended; guarded by mutex_
    std::mutex drain_mutex_;
    std::vector<std::thread> threads_;  // guarded by drain_mutex_ after construction
};

}  // namespace

Status WorkerConfig::validate() const {
    std::vector<Fault> faults;
    const auto require = [&faults](bool holds, std::string member, std::string detail) {
        if (!holds) faults.push_back({std::move(member), std::move(detail)});
    };
    constexpr Milliseconds zero = Milliseconds::zero();
    require(threads <= 1'024, "threads", "must be at most 1024");
    require(renders > 0, "renders", "must be above 0");
    require(single_render_bytes_max > 0, "single_render_bytes_max", "must be above 0");
    require(single_render_bytes_max <= render_bytes_max, "single_render_bytes_max",
            "must be at most render_bytes_max");
    require(lease >= Milliseconds(3), "lease", "must be at least 3 ms");
    require(tries_max > 0, "tries_max", "must be above 0");
    require(backoff_base > zero, "backoff_base", "must be above 0");
    require(backoff_max >= backoff_base, "backoff_max", "must not be below backoff_base");
    require(render_timeout > zero, "render_timeout", "must be above 0");
    require(source_bytes_max > 0, "source_bytes_max", "must be above 0");
    require(rescue_interval > zero, "rescue_interval", "must be above 0");
    require(sweep_interval > zero, "sweep_interval", "must be above 0");
    require(webhooks.attempts_per_endpoint_max > 0, "webhooks.attempts_per_endpoint_max", "must be above 0");
    require(webhooks.timeout > zero, "webhooks.timeout", "must be above 0");
    require(webhooks.interval > zero, "webhooks.interval", "must be above 0");
    require(write_deadline >= lease, "write_deadline", "must not be below lease");
    if (!faults.empty()) return invalid(std::move(faults));
    return {};
}

std::unique_ptr<WorkerPool> start_workers(const WorkerConfig& config, const WorkerParts& parts) {
    return std::make_unique<ThreadedWorkerPool>(config, parts);
}

}  // namespace safelight
