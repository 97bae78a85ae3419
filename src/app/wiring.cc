#include "app/wiring.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <system_error>

#include "base/units.h"
#include "blobs/filesystem/filesystem_store.h"
#include "blobs/metered_store.h"
#include "catalog/sqlite/sqlite_catalog.h"
#include "queue/catalog/catalog_queue.h"
#include "renderer/direct/direct_renderer.h"
#include "renderer/sandboxed/sandboxed_renderer.h"

namespace safelight::app {
namespace {

Result<SqliteConfig> sqlite_config(const Config& config) {
    TRY_ASSIGN(const auto path, sqlite_path(config));
    SqliteConfig sqlite;
    sqlite.path = path.string();
    return sqlite;
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
    TRY_ASSIGN(const auto sqlite, sqlite_config(config));
    return make_sqlite_migrator(sqlite, clock);
}

Result<std::unique_ptr<CatalogDatabase>> open_catalog(const Config& config) {
    TRY_ASSIGN(const auto sqlite, sqlite_config(config));
    return open_sqlite_catalog(sqlite);
}

Result<std::unique_ptr<BlobStore>> open_bare_blobs(const Config& config, const Clock& clock) {
    FilesystemConfig filesystem;
    TRY_ASSIGN(filesystem.root, blob_folder(config));
    filesystem.free_bytes_min = config.free_space_min_bytes;
    return open_filesystem_store(filesystem, clock);
}

Result<std::unique_ptr<JobQueue>> open_queue(const Config&, JobClaims& claims, const Clock& clock) {
    // The catalog as the queue: it is asked for claimable jobs when no hint is there.
    return make_catalog_queue(
        {}, [&claims, &clock](std::uint32_t limit) { return claims.claimable(limit, clock.now()); });
}

std::unique_ptr<KeyStocks> make_key_stocks(const Config& config, const Backends& backends) {
    const auto stock = [&](Milliseconds write_deadline) {
        return KeyStock(*backends.clock, *backends.ids, backends.database->ledger(), *backends.log,
                        write_deadline, config.keys_ahead_max);
    };
    return std::unique_ptr<KeyStocks>(
        new KeyStocks{stock(config.ingest.write_deadline), stock(config.worker.write_deadline)});
}

Result<Backends> open_backends(const Config& config) {
    Backends backends;
    backends.log = make_logger(config);
    backends.metrics = std::make_unique<telemetry::Metrics>();
    backends.clock = std::make_unique<SystemClock>();
    backends.ids = std::make_unique<IdGenerator>(*backends.clock);
    TRY(make_data_folder(config));
    TRY_ASSIGN(const auto sqlite, sqlite_config(config));
    TRY_ASSIGN(backends.database, migrate_and_open_sqlite_catalog(sqlite, *backends.clock));
    TRY_ASSIGN(auto bare_blobs, open_bare_blobs(config, *backends.clock));
    backends.blobs = decorate(std::move(bare_blobs), *backends.metrics);
    backends.keys = make_key_stocks(config, backends);
    TRY_ASSIGN(backends.queue, open_queue(config, backends.database->claims(), *backends.clock));
    const std::uint32_t renders = worker_threads(config) == 0 ? 1 : render_slots(config);
    TRY_ASSIGN(backends.renderer, start_renderer(config, renders, *backends.log));
    return backends;
}

}  // namespace safelight::app
