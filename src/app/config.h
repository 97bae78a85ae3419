// Everything that can be set, as one value. Each room owns its part, its defaults and its checks; here they
// are nested.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "access/token_config.h"
#include "access/url_signer.h"
#include "api/api.h"
#include "base/clock.h"
#include "http/server.h"
#include "image/limits.h"
#include "outbound/host_list.h"
#include "outbound/ip_address.h"
#include "renderer/sandboxed/sandboxed_renderer.h"
#include "service/ingest.h"
#include "service/quota_desk.h"
#include "service/resumable_ingest.h"
#include "telemetry/log.h"
#include "worker/worker.h"

namespace safelight::app {

enum class LogFormatChoice { automatic, text, json };

/// Where pictures are decoded: in processes that are locked in, or not started at all; in processes that are
/// locked in as far as this system can; in this process.
enum class SandboxChoice { required, lenient, off };

/// Who is served: everybody at this machine; who has a key; everybody.
enum class Access { loopback, keys, everyone };

struct Endpoint {
    std::string address;
    std::uint16_t port = 0;  // 0: any free one
};

/// "127.0.0.1:8080", "[::1]:8080"
[[nodiscard]] std::string to_text(const Endpoint& endpoint);

struct Config {
    std::filesystem::path data = "./data";
    std::string catalog_url;       // empty: sqlite, catalog.db in the data folder; may hold a password
    std::string catalog_read_url;  // empty: no standby; may hold a password
    std::uint32_t catalog_connections = 16;
    std::string queue_url = "catalog:";                 // may hold a password
    std::string blobs_url;                              // empty: the folder blobs in the data folder
    std::optional<std::uint64_t> blobs_redirect_bytes;  // originals from this size on; empty: none
    Milliseconds blobs_redirect_expiry{60'000};
    std::uint64_t blobs_local_bytes = 1'000'000'000;  // of copies of originals just uploaded; 0: none
    std::string s3_access_key;
    std::string s3_secret_key;
    std::filesystem::path presets_file;  // empty: only the built-in presets
    std::string default_variants = "thumbnail";
    Access access = Access::loopback;
    TokenConfig tokens;
    UrlSigningConfig signed_urls;
    AllowedOrigins cors_origins;
    Milliseconds idempotency_expiry{86'400'000};
    Milliseconds idempotency_lease{30'000};
    Milliseconds resumable_expiry{86'400'000};
    std::uint32_t resumable_unfinished_max = 1'000;  // of an account

    telemetry::Level log_level = telemetry::Level::info;
    LogFormatChoice log_format = LogFormatChoice::automatic;

    std::uint32_t blocking_threads = 16;
    std::uint32_t blocking_queue_max = 4'096;
    std::uint64_t free_space_min_bytes = 50'000'000;
    std::uint32_t keys_ahead_max = 64;

    http::ServerConfig http;
    EventConfig events;
    std::optional<Endpoint> worker_health;  // where `worker` answers probes; empty: nowhere
    IngestConfig ingest;
    QuotaConfig quotas;
    RetentionLook retention;
    HostList source_hosts;  // that pictures are fetched from; empty: none are
    Milliseconds source_timeout{30'000};
    std::uint32_t source_fetches_max = 16;
    std::vector<Network> outbound_networks;  // that may be reached although they are not public
    std::filesystem::path outbound_ca_file;  // empty: whom the system trusts
    HostList webhook_hosts;                  // that may be told of jobs; empty: all
    ImageLimits image;
    SandboxChoice sandbox_choice = SandboxChoice::required;
    SandboxConfig sandbox;                 // without `command`, `processes` and `limits`
    WorkerConfig worker;                   // without `threads` and `renders`, which functions below give
    std::optional<std::uint32_t> workers;  // empty: by the number of processors
    std::optional<std::uint32_t> renders;  // likewise
    std::optional<std::uint64_t>
        render_memory_bytes;  // of all renderer processes; empty: half of the machine's
};

/// How many jobs this process works on at the same time, and how many of these it renders. By themselves they
/// follow the number of processors: most of a small job is waiting for the disk.
[[nodiscard]] std::uint32_t worker_threads(const Config& config);
[[nodiscard]] std::uint32_t render_slots(const Config& config);

/// What all renderer processes of this process may take together, and what of it is left to renders when each
/// of them idles and one holds an upload to look at. By itself it follows the memory that this machine, or
/// its control group, has.
[[nodiscard]] std::uint64_t render_memory(const Config& config);
[[nodiscard]] std::uint64_t memory_for_renders(const Config& config);

/// What one render may take: what is left to all of them, and no more than its process can address.
[[nodiscard]] std::uint64_t memory_for_one_render(const Config& config);

/// With a quarter as many requests at the same time as there may be other uploads.
[[nodiscard]] ResumableIngestConfig resumable_config(const Config& config);

/// With S3, uploads are held in parts, not in files, and downloads in pieces: all at once have to fit into
/// half of the memory. For `serve`. Errors: invalid_argument.
[[nodiscard]] Status check_upload_memory(const Config& config);

/// What no single value shows: the rooms' own checks, and how the values go together. One line for each
/// fault.
[[nodiscard]] std::vector<std::string> faults_of(const Config& config);

}  // namespace safelight::app
