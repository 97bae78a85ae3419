// `safelight presets`: what the presets are, and making the variants of a changed one again.

#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <vector>

#include "app/commands.h"
#include "app/presets_file.h"
#include "app/stop_signals.h"
#include "app/wiring.h"
#include "service/rerendering.h"
#include "transform/compact.h"

namespace safelight::app {
namespace {

std::string versions_text(const RerenderSummary& summary) {
    std::vector<std::string> parts;
    for (const auto& [version, count] : summary.stale_versions)
        parts.push_back(fmt::format("{} of version {}", count, version));
    return parts.empty() ? "" : fmt::format(" ({})", fmt::join(parts, ", "));
}

void print_summary(const RerenderOptions& options, const RerenderSummary& summary) {
    fmt::print(
        "{} has version {}: {} variants of other versions{}, {} of this one, {} waited already, {} could not "
        "be made, {} are still their jobs' to make\n",
        options.name, version_of(options.wanted), summary.stale, versions_text(summary), summary.current,
        summary.waiting, summary.failed, summary.unready);
    if (options.dry_run) {
        fmt::print("dry run: nothing was queued\n");
        return;
    }
    fmt::print("{} queued; {}\n", summary.queued,
               summary.interrupted ? "interrupted: run it again to go on"
               : options.wait      ? "all are done"
                                   : "the workers of a server make them when they have nothing else to do");
    if (summary.changed > 0)
        fmt::print("{} had not been made yet: their jobs make them by this version\n", summary.changed);
    if (summary.failed > 0 && !options.failed_again)
        fmt::print("what could not be made stays as it is; --retry-failed tries it once more\n");
}

/// A line each time that something has changed.
class ProgressPrinter {
  public:
    void operator()(const RerenderProgress& progress) {
        const std::string line = fmt::format("queued {}, waiting {}, failed {}", progress.queued,
                                             progress.waiting, progress.failed);
        if (line == last_) return;
        fmt::print(stderr, "{}\n", last_ = line);
    }

  private:
    std::string last_;
};

}  // namespace

int run_presets_list(const Config& config) {
    const auto presets = load_presets(config);
    if (!presets) return report(presets.error());
    for (const auto& [name, transform] : presets->all())
        fmt::print("{:<24} {} {}\n", name, version_of(transform), to_compact(transform));
    return 0;
}

int run_presets_rerender(const Config& config, RerenderOptions options) {
    StopSignals signals;
    const auto presets = load_presets(config);
    if (!presets) return report(presets.error());
    // The list's parser has the words for a name that is none.
    const auto wanted = parse_variants(options.name, *presets, "");
    if (!wanted) return report(wanted.error());
    if (wanted->size() != 1)
        return report(Error{ErrorCode::invalid_argument, "One preset at a time.", {}, {}});
    options.name = wanted->front().name;
    options.wanted = wanted->front().transform;

    const SystemClock clock;
    const auto database = open_catalog(config);
    if (!database) return report(database.error());
    ProgressPrinter printer;
    const auto summary = queue_rerenders((*database)->rerenders(), clock, options,
                                         [&signals](Milliseconds time) { return signals.wait_for(time); },
                                         [&](const RerenderProgress& progress) {
                                             if (options.wait) printer(progress);
                                         });
    if (!summary) return report(summary.error());
    print_summary(options, *summary);
    return summary->interrupted || summary->failed > 0 ? 1 : 0;
}

}  // namespace safelight::app
