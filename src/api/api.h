// The HTTP API: what app/ gives it, and what it gives the server.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "access/key_ring.h"
#include "access/url_signer.h"
#include "api/account_turns.h"
#include "api/authorisation.h"
#include "api/cors.h"
#include "base/clock.h"
#include "base/embedded_file.h"
#include "base/result.h"
#include "base/thread_pool.h"
#include "blobs/blob_links.h"
#include "catalog/idempotency.h"
#include "catalog/job_changes.h"
#include "catalog/records.h"
#include "http/message.h"
#include "http/router.h"
#include "http/server.h"
#include "image/format_support.h"
#include "outbound/client.h"
#include "service/ingest.h"
#include "service/job_watch.h"
#include "service/library.h"
#include "service/quota_desk.h"
#include "service/resumable_ingest.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"
#include "transform/presets.h"
#include "webhooks/webhook_registry.h"

namespace safelight {

/// Something that has to work before requests can be served. `check` may block; it runs on the pool.
struct ReadinessCheck {
    std::string name;  // "catalog", "blobs"
    std::function<Status()> check;
    bool is_required = true;  // false: a failure is told, but requests can be served all the same
};

/// What tells whether a process is well. Everything referred to outlives the router.
struct HealthParts {
    ThreadPool& pool;
    telemetry::Logger& log;
    telemetry::Metrics& metrics;
    std::vector<ReadinessCheck> readiness;
};

/// /healthz, /readyz and /metrics: all that a process without the API answers.
void register_health_routes(http::Router& router, HealthParts parts);

/// Originals that clients fetch from the store itself.
struct OriginalLinks {
    BlobLinks* store = nullptr;   // empty: all bytes pass through this process
    std::uint64_t bytes_min = 0;  // those of smaller originals do in any case
    std::chrono::seconds valid_for{60};
};

/// Of server-sent events.
struct EventConfig {
    Milliseconds heartbeat{15'000};   // after so long without an event a comment is sent
    std::uint32_t streams_max = 256;  // at the same time; past it: overloaded
};

/// How requests with an Idempotency-Key are told from their repetitions. Everything referred to outlives the
/// router.
struct IdempotencyParts {
    Idempotency& store;
    Milliseconds lease{30'000};  // how long a request that shows no sign of life holds its key
    Milliseconds kept_for = std::chrono::hours{24};
};

/// How pictures are fetched from addresses that clients name. Everything referred to outlives the router.
struct SourceParts {
    OutboundClient* client = nullptr;  // empty: none are
    ThreadPool* pool = nullptr;        // with a thread for each of fetches_max
    Milliseconds timeout{30'000};      // of one picture
    std::uint32_t fetches_max = 16;    // at the same time; past it: overloaded
    std::shared_ptr<std::atomic<std::uint32_t>> open_fetches =
        std::make_shared<std::atomic<std::uint32_t>>(0);  // for metrics as well
};

/// Everything referred to outlives the router.
struct ApiParts {
    const Clock& clock;
    Ingest& ingest;
    ResumableIngest& resumable_ingest;
    Library& library;
    JobWatch& watch;
    JobChanges& changes;
    Authenticator& authenticator;
    KeyRing& keys;
    const UrlSigner& url_signer;
    WebhookRegistry& webhooks;
    QuotaDesk& quotas;
    IdempotencyParts idempotency;
    ThreadPool& pool;         // for everything that blocks
    ThreadPool& ending_pool;  // for what makes a job of a resumable upload, which is read and written anew
    telemetry::Logger& log;
    telemetry::Metrics& metrics;
    const Presets& presets;
    std::vector<VariantRequest> default_variants;  // made when an upload does not say
    std::vector<FormatSupport> formats = {};       // as Renderer::formats
    std::uint64_t picture_bytes_max = 25'000'000;  // as IngestConfig::bytes_max
    OriginalLinks links = {};
    SourceParts sources = {};
    EventConfig events = {};
    std::shared_ptr<std::atomic<std::uint32_t>> open_streams =
        std::make_shared<std::atomic<std::uint32_t>>(0);  // for metrics as well
    /// Of accounts with quotas: uploads that are let in, and jobs that are created.
    std::shared_ptr<AccountTurns> admission_turns = std::make_shared<AccountTurns>(2);
    std::shared_ptr<AccountTurns> job_turns = std::make_shared<AccountTurns>(4);
    std::vector<ReadinessCheck> readiness;
    std::span<const EmbeddedFile> web_assets;  // "index.html", "assets/…", "api-docs/…"
};

/// What a multipart upload may have around the picture; http::ServerConfig::body_bytes_max has to leave room
/// for it.
inline constexpr std::uint64_t form_overhead_bytes_max = 256 * 1'024;

/// The whole API, with the health routes.
void register_routes(http::Router& router, ApiParts parts);

/// Problem documents for what the server says by itself; what pages of other origins may read; a log line and
/// metrics for every exchange.
[[nodiscard]] http::ServerHooks make_hooks(telemetry::Logger& log, telemetry::Metrics& metrics,
                                           AllowedOrigins origins = {});

}  // namespace safelight
