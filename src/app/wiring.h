// How the parts are put together. The only place, with the commands, that names a backend.
#pragma once

#include <cstdint>
#include <memory>

#include "app/config.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "blobs/blob_links.h"
#include "blobs/blob_store.h"
#include "blobs/local_copies.h"
#include "catalog/catalog.h"
#include "queue/job_queue.h"
#include "renderer/renderer.h"
#include "service/key_stock.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"
#include "webhooks/webhook_poster.h"

namespace safelight::app {

/// The argument with which this program is a renderer process and nothing else.
inline constexpr const char* renderer_command = "renderer";

/// Prints the error to standard error, one line for each fault, and returns the exit code 1.
[[nodiscard]] int report(const Error& error);

[[nodiscard]] std::unique_ptr<telemetry::Logger> make_logger(const Config& config);

/// For as many calls at the same time as `calls`. `log` outlives it. Errors: renderer_failed, unavailable.
/// Blocks until the renderer processes are warm.
[[nodiscard]] Result<std::unique_ptr<Renderer>> start_renderer(const Config& config, std::uint32_t calls,
                                                               telemetry::Logger& log);

/// Makes the data folder (mode 0700) when it is not there. Errors: unavailable.
[[nodiscard]] Status make_data_folder(const Config& config);

[[nodiscard]] Result<std::unique_ptr<Migrator>> open_migrator(const Config& config, const Clock& clock);
[[nodiscard]] Result<std::unique_ptr<CatalogDatabase>> open_catalog(const Config& config);
/// The same; the embedded catalog is made, or brought up to date, first. Another one is `safelight
/// migrate`'s.
[[nodiscard]] Result<std::unique_ptr<CatalogDatabase>> open_catalog_to_serve(const Config& config,
                                                                             const Clock& clock);

/// `claims`, `clock` and `log` outlive it.
[[nodiscard]] Result<std::unique_ptr<JobQueue>> open_queue(const Config& config, JobClaims& claims,
                                                           const Clock& clock, telemetry::Logger& log);

/// Makes the bucket of a store that has none yet; nothing to do for a folder. Errors: unavailable, conflict.
[[nodiscard]] Status make_bucket(const Config& config, const Clock& clock);

struct OpenedBlobs {
    std::unique_ptr<BlobStore> store;
    BlobLinks* links = nullptr;  // of `store`; empty where it has none
};

/// The configured store without decorators. `clock` outlives it.
[[nodiscard]] Result<OpenedBlobs> open_bare_blobs(const Config& config, const Clock& clock);

/// The same where every write goes in parts, as long ones do; empty where there is no such difference.
[[nodiscard]] std::unique_ptr<BlobStore> open_blobs_in_parts(const Config& config, const Clock& clock);

/// Everything below the use cases, in the order in which one part needs the other.
struct Backends {
    std::unique_ptr<telemetry::Logger> log;
    std::unique_ptr<telemetry::Metrics> metrics;
    std::unique_ptr<Clock> clock;
    std::unique_ptr<IdGenerator> ids;
    std::unique_ptr<CatalogDatabase> database;
    std::unique_ptr<LocalCopies> copies;  // empty: none are kept
    std::unique_ptr<BlobStore> blobs;
    BlobLinks* links = nullptr;          // of `blobs`; empty where they have none
    std::unique_ptr<BlobStore> copying;  // `blobs` with copies of what is written; empty: none are kept
    std::unique_ptr<KeyStocks> keys;
    std::unique_ptr<JobQueue> queue;
    std::unique_ptr<Renderer> renderer;
    std::unique_ptr<WebhookPoster> poster;
};

/// Who may be told of jobs.
[[nodiscard]] WebhookTargets webhook_targets(const Config& config);

/// Opens everything; the embedded catalog is migrated first. Errors: what could not be opened.
[[nodiscard]] Result<Backends> open_backends(const Config& config);

/// For whoever takes uploads in: copies of them, where that is configured and blobs are elsewhere. Without a
/// place for them there are none, which is logged. Blocks. Before anybody else has a reference to the blobs.
void keep_local_copies(const Config& config, Backends& backends);

}  // namespace safelight::app
