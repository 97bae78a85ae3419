// `safelight reconcile`: what the blob store and the catalog say of each other.

#include "service/reconcile.h"

#include <fmt/format.h>

#include <cstdio>

#include "app/commands.h"
#include "app/wiring.h"

namespace safelight::app {

int run_reconcile(const Config& config, const ReconcileCommand& options) {
    const SystemClock clock;
    const auto database = open_catalog(config);
    if (!database) return report(database.error());
    const auto blobs = open_bare_blobs(config, clock);
    if (!blobs) return report(blobs.error());

    const auto print = [](const Finding& finding) {
        fmt::print("{:<20} {} {}{}\n", name_of(finding.kind), finding.what, finding.detail,
                   finding.repaired ? " (removed)" : "");
    };
    const auto summary =
        reconcile(*blobs->store, (*database)->ledger(), clock,
                  {.repair = options.repair, .verify = options.verify, .grace = options.grace}, print);
    if (!summary) return report(summary.error());
    fmt::print("{} blobs, {} references: {} damaged or missing, {} to clean up, {} removed{}\n",
               summary->blobs, summary->references, summary->damage, summary->litter, summary->repaired,
               options.repair ? "" : " (dry run; --repair removes what nothing refers to)");
    return summary->damage == 0 && summary->litter == summary->repaired ? 0 : 1;
}

}  // namespace safelight::app
