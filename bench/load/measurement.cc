#include "bench/load/measurement.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "bench/load/job_follower.h"
#include "bench/load/uploader.h"

namespace safelight::bench {
namespace {

/// So long all uploads may take to come to their half.
constexpr std::chrono::seconds hold_timeout{60};
/// Jobs are finished about in the order in which they came: of the newest ones only, some may be unfinished
/// when the very last one is done.
constexpr std::size_t newest_jobs = 64;

double seconds_between(Clock::time_point from, Clock::time_point to) {
    return std::chrono::duration<double>(to - from).count();
}

/// What was taken since it was made.
class UsageMeter {
  public:
    explicit UsageMeter(std::vector<WatchedProcess> watched) : watched_(std::move(watched)) {
        before_ = process_usage(watched_, UsageParts::cpu_only);
        own_before_s_ = own_cpu_s();
        machine_before_s_ = machine_cpu_s();
    }

    void read(Measurement& measurement) const {
        const auto elapsed_s = seconds_between(started_at_, Clock::now());
        measurement.client_cpu_s = own_cpu_s() - own_before_s_;
        const double machine_s = machine_cpu_s() - machine_before_s_;
        measurement.server = process_usage(watched_, UsageParts::cpu_and_memory);
        for (std::size_t i = 0; i < before_.size(); ++i) measurement.server[i].cpu_s -= before_[i].cpu_s;
        const double others_s = machine_s - measurement.client_cpu_s - measurement.whole_server().cpu_s;
        measurement.others_cores = std::max(0.0, others_s) / elapsed_s;
    }

  private:
    std::vector<WatchedProcess> watched_;
    std::vector<ProcessUsage> before_;
    double own_before_s_ = 0;
    double machine_before_s_ = 0;
    Clock::time_point started_at_ = Clock::now();
};

/// Asks for the newest job first: one question, answered when nearly everything is done, disturbs the server
/// least. The others are asked for after it; the clock stops at the last job that had to be waited for.
Status follow_all(JobFollower& follower, const UploadOutcome& outcome, const UsageMeter& meter,
                  Measurement& measurement) {
    bool is_read = false;
    for (std::size_t i = 0; i < outcome.replies.size(); ++i) {
        TRY_ASSIGN(const JobEnd end, follower.wait_for(outcome.replies[outcome.replies.size() - 1 - i]));
        if (end.is_failed) ++measurement.failed_jobs;
        if (i == 0 || end.was_waited_for) {
            measurement.total_s =
                std::max(measurement.total_s, seconds_between(outcome.started_at, end.seen_at));
            is_read = false;
        }
        // Before the many questions about jobs that are long finished, which are no part of the work.
        if (i + 1 >= newest_jobs && !is_read) {
            meter.read(measurement);
            is_read = true;
        }
    }
    if (!is_read) meter.read(measurement);
    return {};
}

Status warm_up(const Options& options, Uploader& uploader, JobFollower& follower) {
    if (options.warm_up == 0 || options.holds) return {};
    TRY_ASSIGN(const UploadOutcome outcome, uploader.run(options.warm_up));
    if (!options.waits) return {};
    for (std::size_t i = outcome.replies.size(); i > 0; --i) TRY(follower.wait_for(outcome.replies[i - 1]));
    return {};
}

}  // namespace

Result<Measurement> measure(const Options& options, Picture picture) {
    TRY_ASSIGN(const Url url, upload_url(options));
    TRY_ASSIGN(const HeaderFields headers, header_fields(options));
    TRY_ASSIGN(const auto watched, watched_processes(options));
    TRY_ASSIGN(FollowPlan plan, follow_plan(options));
    UploadRequest request(url, headers, options.field, std::move(picture), !options.is_same);
    Uploader uploader(url, request, options.clients, plan.timeout);
    JobFollower follower(std::move(plan));
    TRY(warm_up(options, uploader, follower));

    Measurement measurement;
    measurement.picture = request.picture().name;
    measurement.picture_bytes = request.picture().bytes.size();
    measurement.is_unique = request.is_unique();
    measurement.count = options.count;
    measurement.clients = options.clients;
    const UsageMeter meter(watched);
    const auto look_at_memory = [&] {
        measurement.server_while_held = process_usage(watched, UsageParts::cpu_and_memory);
    };
    TRY_ASSIGN(UploadOutcome outcome, options.holds ? uploader.run_held({hold_timeout, look_at_memory})
                                                    : uploader.run(options.count));
    measurement.accepted = outcome.replies.size();
    measurement.errors = outcome.errors;
    measurement.first_error = outcome.first_error;
    measurement.latencies_ms = std::move(outcome.latencies_ms);
    measurement.post_s = seconds_between(outcome.started_at, outcome.ended_at);
    measurement.total_s = measurement.post_s;
    measurement.held = outcome.held;
    if (options.waits) {
        TRY(follow_all(follower, outcome, meter, measurement));
    } else {
        meter.read(measurement);
    }
    return measurement;
}

double Measurement::jobs_per_s() const {
    return total_s > 0 ? static_cast<double>(accepted - failed_jobs) / total_s : 0;
}

double Measurement::posts_per_s() const {
    return post_s > 0 ? static_cast<double>(accepted) / post_s : 0;
}

ProcessUsage Measurement::whole_server() const {
    ProcessUsage whole{.name = "all"};
    for (const ProcessUsage& part : server) {
        whole.cpu_s += part.cpu_s;
        whole.peak_rss_bytes += part.peak_rss_bytes;
        whole.pss_bytes += part.pss_bytes;
        whole.processes += part.processes;
    }
    return whole;
}

double quantile(std::vector<double> values, double fraction) {
    if (values.empty()) return 0;
    std::ranges::sort(values);
    const double at = fraction * static_cast<double>(values.size() - 1);
    const auto below = static_cast<std::size_t>(at);
    const auto above = std::min(below + 1, values.size() - 1);
    return std::lerp(values[below], values[above], at - static_cast<double>(below));
}

}  // namespace safelight::bench
