#include "worker/duties/rescuer.h"

#include <algorithm>
#include <cstdint>

namespace safelight {
namespace {

/// Per round and lane. Hints that wait are repeated by a round; so the more wait, the fewer it adds. Some it
/// always adds, the oldest jobs, so that a lost hint is found under steady load too; so few that a lane whose
/// turn comes seldom is not filled with repetitions.
constexpr std::uint64_t jobs_max = 256;
constexpr std::uint64_t jobs_min = 4;

/// Due times that are remembered; more come with the interval.
constexpr std::size_t due_times_max = 10'000;

void log_failure(telemetry::Logger& log, const Error& error) {
    log.warn("rescuing failed", {{"error", name_of(error.code)},
                                 {"detail", error.log_text.empty() ? error.public_text : error.log_text}});
}

}  // namespace

Rescuer::Rescuer(const RescuerParts& parts, Milliseconds interval)
    : parts_(parts),
      interval_(interval),
      duty_("rescuer", parts.log, [this](const std::stop_token&) { return rescue(); }) {}

void Rescuer::note_due(Timestamp due) {
    {
        const std::lock_guard lock(mutex_);
        if (due_.size() >= due_times_max) return;
        due_.push(due);
    }
    duty_.wake();
}

Milliseconds Rescuer::rescue() {
    const Timestamp now = parts_.clock.now();
    {
        const std::lock_guard lock(mutex_);
        while (!due_.empty() && due_.top() <= now) due_.pop();
    }
    publish_claimable(now);
    return until_next();
}

void Rescuer::publish_claimable(Timestamp now) {
    const auto depths = parts_.queue.depths();
    if (!depths) return log_failure(parts_.log, depths.error());
    LaneDepths room{};
    for (const Lane lane : all_lanes)
        room[index_of(lane)] = jobs_max - std::min((*depths)[index_of(lane)], jobs_max - jobs_min);
    const auto jobs =
        parts_.claims.claimable(static_cast<std::uint32_t>(*std::ranges::max_element(room)), now);
    if (!jobs) return log_failure(parts_.log, jobs.error());
    std::uint64_t published = 0;
    for (const WaitingJob& job : *jobs) {
        if (room[index_of(job.lane)] == 0) continue;
        --room[index_of(job.lane)];
        if (const Status status = parts_.queue.publish(job); !status) {
            log_failure(parts_.log, status.error());
            break;
        }
        ++published;
    }
    if (published > 0) parts_.metrics.jobs_rescued(published);
}

Milliseconds Rescuer::until_next() {
    const std::lock_guard lock(mutex_);
    if (due_.empty()) return interval_;
    return std::clamp<Milliseconds>(due_.top() - parts_.clock.now(), Milliseconds::zero(), interval_);
}

}  // namespace safelight
