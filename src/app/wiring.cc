#include "app/wiring.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <system_error>
#include <variant>

#include "app/backend_urls.h"
#include "base/units.h"
#include "blobs/metered_store.h"
#include "blobs/s3/metadata_credentials.h"
#include "queue/fallback_queue.h"
#include "renderer/direct/direct_renderer.h"
#include "renderer/sandboxed/sandboxed_renderer.h"

namespace safelight::app {
namespace {

template <class... Functions>
struct Overloaded : Functions... {
    using Functions::operator()...;
};

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string() : value;
}

/// From the configuration, the environment, the container, or the machine: the first of them that has any.
std::unique_ptr<s3::CredentialsProvider> s3_credentials(const Config& config, const Clock& clock) {
    if (!config.s3_access_key.empty())
        return s3::make_static_credentials({config.s3_access_key, config.s3_secret_key});
    if (const std::string key = environment("AWS_ACCESS_KEY_ID"); !key.empty()) {
        return s3::make_static_credentials(
            {key, environment("AWS_SECRET_ACCESS_KEY"), environment("AWS_SESSION_TOKEN")});
    }
    std::string container = environment("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    if (const std::string path = environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"); !path.empty())
        container = "http://169.254.170.2" + path;
    if (!container.empty()) {
        return s3::make_container_credentials(clock, {}, std::move(container),
                                              environment("AWS_CONTAINER_AUTHORIZATION_TOKEN"),
                                              environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"));
    }
    return s3::make_instance_credentials(clock);
}

/// The store as the use cases see it, from the inside out.
std::unique_ptr<BlobStore> decorate(std::unique_ptr<BlobStore> bare, telemetry::Metrics& metrics) {
    return make_metered_store(std::move(bare), metrics);
}

}  // namespace

int report(const Error& error) {
    if (error.faults.empty()) fmt::print(stderr, "safelight: {}\n", error.public_text);
    for (const auto& fault : error.faults) {
        fmt::print(stderr, "safelight: {}{}{}\n", fault.pointer, fault.pointer.empty() ? "" : ": ",
                   fault.detail);
    }
    if (!error.log_text.empty()) fmt::print(stderr, "safelight: ({})\n", error.log_text);
    return 1;
}

std::unique_ptr<telemetry::Logger> make_logger(const Config& config) {
    const bool as_text = config.log_format == LogFormatChoice::text ||
                         (config.log_format == LogFormatChoice::automatic && ::isatty(STDERR_FILENO) == 1);
    return telemetry::make_stderr_logger(config.log_level,
                                         as_text ? telemetry::LogFormat::text : telemetry::LogFormat::json);
}

Result<std::unique_ptr<Renderer>> start_renderer(const Config& config, std::uint32_t calls,
                                                 telemetry::Logger& log) {
    ImageLimits limits = config.image;
    limits.bytes_max = config.ingest.bytes_max;
    if (config.sandbox_choice == SandboxChoice::off) {
        log.error("sandbox is off", {{"danger", "a hostile picture may take over this process"}});
        return make_direct_renderer({.limits = limits});
    }
    SandboxConfig sandbox = config.sandbox;
    // This very program, wherever it lies and whatever replaced it there.
    sandbox.command = {"/proc/self/exe", renderer_command};
    sandbox.processes = calls;
    sandbox.limits = limits;
    sandbox.required = config.sandbox_choice == SandboxChoice::required;
    return start_sandboxed_renderer(sandbox, log);
}

Status make_data_folder(const Config& config) {
    std::error_code error;
    const bool made = std::filesystem::create_directories(config.data, error);
    if (!error && made) {
        std::filesystem::permissions(config.data, std::filesystem::perms::owner_all, error);
    }
    if (error) {
        return failure(ErrorCode::unavailable,
                       fmt::format("SAFELIGHT_DATA is \"{}\": the folder cannot be made ({}).",
                                   config.data.string(), error.message()));
    }
    return {};
}

Result<std::unique_ptr<Migrator>> open_migrator(const Config& config, const Clock& clock) {
    TRY_ASSIGN(const CatalogChoice choice, chosen_catalog(config));
    return std::visit(
        Overloaded{[&](const SqliteConfig& sqlite) { return make_sqlite_migrator(sqlite, clock); },
                   [&](const PostgresConfig& postgres) { return make_postgres_migrator(postgres, clock); }},
        choice);
}

Result<std::unique_ptr<CatalogDatabase>> open_catalog(const Config& config) {
    TRY_ASSIGN(const CatalogChoice choice, chosen_catalog(config));
    return std::visit(
        Overloaded{[](const SqliteConfig& sqlite) { return open_sqlite_catalog(sqlite); },
                   [](const PostgresConfig& postgres) { return open_postgres_catalog(postgres); }},
        choice);
}

Result<std::unique_ptr<CatalogDatabase>> open_catalog_to_serve(const Config& config, const Clock& clock) {
    TRY_ASSIGN(const CatalogChoice choice, chosen_catalog(config));
    return std::visit(
        Overloaded{[&](const SqliteConfig& sqlite) { return migrate_and_open_sqlite_catalog(sqlite, clock); },
                   [](const PostgresConfig& postgres) { return open_postgres_catalog(postgres); }},
        choice);
}

Result<OpenedBlobs> open_bare_blobs(const Config& config, const Clock& clock) {
    TRY_ASSIGN(const BlobsChoice choice, chosen_blobs(config));
    if (const auto* filesystem = std::get_if<FilesystemConfig>(&choice)) {
        TRY_ASSIGN(auto store, open_filesystem_store(*filesystem, clock));
        return OpenedBlobs{std::move(store)};
    }
    TRY_ASSIGN(auto store, open_s3_store(std::get<S3Config>(choice), s3_credentials(config, clock), clock));
    BlobLinks& links = *store;
    return OpenedBlobs{std::move(store), &links};
}

std::unique_ptr<BlobStore> open_blobs_in_parts(const Config& config, const Clock& clock) {
    auto choice = chosen_blobs(config);
    auto* s3 = choice ? std::get_if<S3Config>(&*choice) : nullptr;
    if (s3 == nullptr) return nullptr;
    s3->announce_after = Milliseconds{0};
    auto store = open_s3_store(*s3, s3_credentials(config, clock), clock);
    return store ? std::move(*store) : nullptr;
}

Result<std::unique_ptr<JobQueue>> open_queue(const Config& config, JobClaims& claims, const Clock& clock,
                                             telemetry::Logger& log) {
    TRY_ASSIGN(const QueueChoice choice, chosen_queue(config));
    // The catalog as the queue: it is asked for claimable jobs when no hint is there.
    const auto from_catalog = [&](const CatalogQueueConfig& catalog) {
        return make_catalog_queue(
            catalog, [&claims, &clock](std::uint32_t limit) { return claims.claimable(limit, clock.now()); });
    };
    if (const auto* redis = std::get_if<RedisQueueConfig>(&choice))
        return make_fallback_queue(make_redis_queue(*redis, log), from_catalog({}));
    return from_catalog(std::get<CatalogQueueConfig>(choice));
}

Status make_bucket(const Config& config, const Clock& clock) {
    TRY_ASSIGN(const BlobsChoice choice, chosen_blobs(config));
    const auto* s3 = std::get_if<S3Config>(&choice);
    if (s3 == nullptr) return {};
    TRY_ASSIGN(const auto store, open_s3_store(*s3, s3_credentials(config, clock), clock));
    return store->ensure_bucket();
}

std::unique_ptr<KeyStocks> make_key_stocks(const Config& config, const Backends& backends) {
    const auto stock = [&](Milliseconds write_deadline) {
        return KeyStock(*backends.clock, *backends.ids, backends.database->ledger(), *backends.log,
                        write_deadline, config.keys_ahead_max);
    };
    return std::unique_ptr<KeyStocks>(
        new KeyStocks{stock(config.ingest.write_deadline), stock(config.worker.write_deadline)});
}

WebhookTargets webhook_targets(const Config& config) {
    std::optional<HostList> hosts;
    if (!config.webhook_hosts.empty()) hosts = config.webhook_hosts;
    return {std::move(hosts), config.outbound_networks};
}

Result<Backends> open_backends(const Config& config) {
    Backends backends;
    backends.log = make_logger(config);
    backends.metrics = std::make_unique<telemetry::Metrics>();
    backends.clock = std::make_unique<SystemClock>();
    backends.ids = std::make_unique<IdGenerator>(*backends.clock);
    TRY(make_data_folder(config));
    TRY_ASSIGN(backends.database, open_catalog_to_serve(config, *backends.clock));
    TRY_ASSIGN(auto bare, open_bare_blobs(config, *backends.clock));
    backends.links = bare.links;
    backends.blobs = decorate(std::move(bare.store), *backends.metrics);
    backends.keys = make_key_stocks(config, backends);
    TRY_ASSIGN(backends.queue,
               open_queue(config, backends.database->claims(), *backends.clock, *backends.log));
    const std::uint32_t renders = worker_threads(config) == 0 ? 1 : render_slots(config);
    TRY_ASSIGN(backends.renderer, start_renderer(config, renders, *backends.log));
    backends.poster = make_webhook_poster(
        webhook_targets(config),
        {.timeout = config.worker.webhooks.timeout, .ca_file = config.outbound_ca_file.string()});
    return backends;
}

void keep_local_copies(const Config& config, Backends& backends) {
    const auto blobs = chosen_blobs(config);
    const std::uint64_t bytes_max = config.blobs_local_bytes;
    if (bytes_max == 0 || !blobs || !std::holds_alternative<S3Config>(*blobs)) return;
    // The last bytes of a disk are not for copies.
    auto folder = open_filesystem_store({.root = config.data / "copies",
                                         .free_bytes_min = std::max(bytes_max, config.free_space_min_bytes),
                                         .is_disposable = true},
                                        *backends.clock);
    if (!folder) {
        backends.log->warn("no local copies",
                           {{"error", name_of(folder.error().code)}, {"detail", folder.error().log_text}});
        return;
    }
    backends.copies = std::make_unique<LocalCopies>(std::move(*folder), bytes_max, *backends.log);
    backends.blobs = make_copy_dropping_store(std::move(backends.blobs), *backends.copies);
    backends.copying = make_copying_store(*backends.blobs, *backends.copies);
}

}  // namespace safelight::app
