#include "worker/duties/bulk_runner.h"

#include <chrono>

namespace safelight {
namespace {

/// Small enough that a page does not keep the catalog from others for long.
constexpr std::uint32_t page_jobs = 50;
constexpr Milliseconds kept_for = std::chrono::hours{24 * 7};
constexpr Milliseconds forget_interval = std::chrono::hours{1};

}  // namespace

BulkRunner::BulkRunner(const BulkParts& parts, const BulkConfig& config)
    : parts_(parts),
      config_(config),
      duty_("bulk runner", parts.blobs.log, [this](const std::stop_token& stop) {
          forget_old_ones();
          run(stop);
          return config_.interval;
      }) {}

std::size_t BulkRunner::run(const std::stop_token& stop) {
    std::size_t pages = 0;
    while (!stop.stop_requested()) {
        const auto claim = parts_.operations.claim(config_.lease, parts_.clock.now());
        if (!claim) log_failure(claim.error());
        if (!claim || !*claim) break;
        pages += carry_out(**claim, stop);
    }
    return pages;
}

std::size_t BulkRunner::carry_out(const BulkClaim& claim, const std::stop_token& stop) {
    const BulkOperation& operation = claim.operation;
    for (std::size_t pages = 0;; ++pages) {
        if (stop.stop_requested() || must_wait(claim)) {
            give_back(claim, stop.stop_requested() ? Milliseconds::zero() : config_.interval);
            return pages;
        }
        const auto step = parts_.operations.advance(operation.id, claim.attempt, page_jobs, config_.tries_max,
                                                    config_.lease, parts_.clock.now());
        if (!step) {
            // It is somebody else's, or will be when the lease is over.
            if (step.error().code != ErrorCode::fenced) log_failure(step.error());
            return pages;
        }
        announce(operation.kind, *step);
        if (!step->finished) continue;
        parts_.blobs.log.info("bulk operation finished",
                              {{"id", operation.id.to_string()}, {"kind", name_of(operation.kind)}});
        return pages + 1;
    }
}

bool BulkRunner::must_wait(const BulkClaim& claim) {
    if (claim.operation.kind != BulkKind::retry) return false;
    const auto backlog = parts_.claims.backlog();
    return backlog && *backlog >= config_.backlog_max;
}

/// Hints alone: what is lost here, the rescuer and the sweeper find. So many at once go behind all others,
/// wherever they wait.
void BulkRunner::announce(BulkKind kind, const BulkStep& step) {
    for (const JobId job : step.jobs) {
        if (kind == BulkKind::retry) {
            if (const Status status = parts_.queue.publish({job, Lane::overflow_bulk}); !status)
                log_failure(status.error());
        } else {
            parts_.metrics.deletion();
        }
        parts_.watch.notify(job);
    }
    remove_doomed(parts_.blobs, step.doomed);
}

void BulkRunner::give_back(const BulkClaim& claim, Milliseconds pause) {
    const Status released =
        parts_.operations.release(claim.operation.id, claim.attempt, parts_.clock.now() + pause);
    if (!released && released.error().code != ErrorCode::fenced) log_failure(released.error());
}

void BulkRunner::forget_old_ones() {
    const Timestamp now = parts_.clock.now();
    if (now - forgotten_at_ < forget_interval) return;
    if (const Status forgotten = parts_.operations.forget(now - kept_for); !forgotten)
        return log_failure(forgotten.error());
    forgotten_at_ = now;
}

void BulkRunner::log_failure(const Error& error) {
    parts_.blobs.log.warn("bulk operation held up",
                          {{"error", name_of(error.code)},
                           {"detail", error.log_text.empty() ? error.public_text : error.log_text}});
}

}  // namespace safelight
