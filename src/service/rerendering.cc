#include "service/rerendering.h"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "transform/presets.h"

namespace safelight {
namespace {

constexpr std::uint32_t page_images = 1'000;
constexpr Milliseconds progress_interval{250};

std::string version_of_stored(const std::string& canonical) {
    const auto transform = parse_stored_transform(canonical);
    return transform ? version_of(*transform) : "unknown";
}

/// One run over all images.
class Run {
  public:
    Run(Rerenders& rerenders, const Clock& clock, const RerenderOptions& options, const RerenderPause& pause,
        const OnRerenderProgress& on_progress)
        : rerenders_(rerenders), clock_(clock), options_(options), pause_(pause), on_progress_(on_progress) {}

    Result<RerenderSummary> run() && {
        std::optional<ImageId> after;
        do {
            if (stopped(Milliseconds::zero())) return std::move(summary_);
            TRY_ASSIGN(VariantSurvey page,
                       rerenders_.survey(options_.name, options_.wanted, after, page_images));
            note(page);
            after = page.next_after;
            if (options_.dry_run) continue;
            TRY(queue(std::move(page)));
            if (summary_.interrupted) return std::move(summary_);
        } while (after);
        if (options_.wait && !options_.dry_run) TRY(wait_for_less_than(1));
        return std::move(summary_);
    }

  private:
    void note(const VariantSurvey& page) {
        summary_.stale += page.stale.size();
        for (const auto& [transform, count] : page.stale_transforms)
            summary_.stale_versions[version_of_stored(transform)] += count;
        summary_.current += page.current;
        summary_.waiting += page.waiting;
        summary_.unready += page.unready;
        if (!options_.failed_again) summary_.failed += page.failed.size() + page.given_up.size();
    }

    Status queue(VariantSurvey page) {
        std::vector<ImageId> images = std::move(page.stale);
        images.insert(images.end(), page.withdrawn.begin(), page.withdrawn.end());
        if (options_.failed_again) images.insert(images.end(), page.failed.begin(), page.failed.end());
        TRY(in_batches(images, [this](std::span<const ImageId> batch) { return request(batch); }));
        images = std::move(page.unmade);
        if (options_.failed_again) images.insert(images.end(), page.given_up.begin(), page.given_up.end());
        return in_batches(images, [this](std::span<const ImageId> batch) { return change(batch); });
    }

    Status request(std::span<const ImageId> images) {
        TRY_ASSIGN(const std::uint64_t queued, rerenders_.request(images, options_.name, options_.wanted,
                                                                  options_.failed_again, clock_.now()));
        summary_.queued += queued;
        return {};
    }

    Status change(std::span<const ImageId> images) {
        TRY_ASSIGN(const std::uint64_t changed,
                   rerenders_.change_unmade(images, options_.name, options_.wanted, options_.failed_again,
                                            clock_.now()));
        summary_.changed += changed;
        return request(images);  // what was made since they were looked at
    }

    template <class Work>
    Status in_batches(std::span<const ImageId> images, const Work& work) {
        while (!images.empty() && !summary_.interrupted) {
            if (options_.wait) TRY(wait_for_less_than(options_.batch));
            if (stopped(Milliseconds::zero())) break;
            const auto batch = images.first(std::min<std::size_t>(images.size(), options_.batch));
            const std::uint64_t before = summary_.queued + summary_.changed;
            TRY(work(batch));
            TRY(tell());
            images = images.subspan(batch.size());
            const std::uint64_t done = summary_.queued + summary_.changed - before;
            if (options_.per_second > 0 && stopped(time_of(done))) break;
        }
        return {};
    }

    [[nodiscard]] Milliseconds time_of(std::uint64_t variants) const {
        return Milliseconds{variants * 1'000 / options_.per_second};
    }

    /// Returns when so few wait, or when it was stopped.
    Status wait_for_less_than(std::uint64_t count) {
        for (;;) {
            TRY_ASSIGN(const RerenderCounts counts, tell());
            summary_.failed = counts.failed;
            if (counts.waiting < count || stopped(progress_interval)) return {};
        }
    }

    Result<RerenderCounts> tell() {
        TRY_ASSIGN(const RerenderCounts counts, rerenders_.counts(options_.name));
        on_progress_({.queued = summary_.queued, .waiting = counts.waiting, .failed = counts.failed});
        return counts;
    }

    bool stopped(Milliseconds time) {
        if (!summary_.interrupted) summary_.interrupted = pause_(time);
        return summary_.interrupted;
    }

    Rerenders& rerenders_;
    const Clock& clock_;
    const RerenderOptions& options_;
    const RerenderPause& pause_;
    const OnRerenderProgress& on_progress_;
    RerenderSummary summary_;
};

}  // namespace

Result<RerenderSummary> queue_rerenders(Rerenders& rerenders, const Clock& clock,
                                        const RerenderOptions& options, const RerenderPause& pause,
                                        const OnRerenderProgress& on_progress) {
    return Run(rerenders, clock, options, pause, on_progress).run();
}

}  // namespace safelight
