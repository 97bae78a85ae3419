// `safelight doctor`: whether everything that is configured can be reached and used, and what to do when not.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "access/jwks_source.h"
#include "access/jwt_keys.h"
#include "app/backend_urls.h"
#include "app/commands.h"
#include "app/wiring.h"
#include "base/units.h"

namespace safelight::app {
namespace {

constexpr int rounds = 5;  // of what is timed

using Steady = std::chrono::steady_clock;

/// What was found out about a part, in words; nothing, when another part has to be mended first.
using Finding = Result<std::optional<std::string>>;

struct Examination {
    std::string part;
    std::function<Finding()> look;
};

/// The median of a few calls, in words. Errors: those of `call`.
Result<std::string> timed(const std::function<Status()>& call) {
    std::vector<double> times_ms;
    for (int i = 0; i < rounds; ++i) {
        const auto begin = Steady::now();
        TRY(call());
        times_ms.push_back(std::chrono::duration<double, std::milli>(Steady::now() - begin).count());
    }
    std::ranges::sort(times_ms);
    return fmt::format("{:.1f} ms", times_ms[rounds / 2]);
}

bool is_embedded(const Config& config) {
    const auto choice = chosen_catalog(config);
    return choice && std::holds_alternative<SqliteConfig>(*choice);
}

/// `is_current` tells whether the catalog can be opened.
Finding look_at_schema(const Config& config, const Clock& clock, bool& is_current) {
    TRY_ASSIGN(const auto migrator, open_migrator(config, clock));
    TRY_ASSIGN(const MigrationStatus status, migrator->status());
    is_current = status.pending.empty();
    const std::string versions = fmt::format("version {} of {}", status.version, status.newest_version);
    if (is_current) return versions;
    if (is_embedded(config)) return versions + ": the next `safelight serve` brings it up to date";
    return failure(ErrorCode::conflict,
                   fmt::format("The catalog's schema has {}: run `safelight migrate up`.", versions));
}

Finding look_at_catalog(CatalogDatabase& database) {
    TRY_ASSIGN(const std::uint64_t waiting, database.claims().backlog());
    TRY_ASSIGN(const std::string took, timed([&] { return database.check(); }));
    return fmt::format("answers in {}; {} jobs wait", took, waiting);
}

/// Only of a catalog that has one.
Finding look_at_standby(const PostgresConfig& config) {
    TRY_ASSIGN(const PostgresStandby standby, examine_postgres_standby(config));
    if (standby.behind_bytes == 0)
        return fmt::format("shows what is written within {} ms", standby.lag.count());
    return failure(
        ErrorCode::unavailable,
        fmt::format("The standby of SAFELIGHT_CATALOG_READ is {} behind{}. Until it has caught up, "
                    "everything is read from the primary.",
                    format_bytes(standby.behind_bytes),
                    standby.is_paused ? ", and paused: `SELECT pg_wal_replay_resume()` there" : ""));
}

std::optional<PostgresConfig> with_standby(const Config& config) {
    const auto choice = chosen_catalog(config);
    const auto* postgres = choice ? std::get_if<PostgresConfig>(&*choice) : nullptr;
    if (postgres == nullptr || postgres->read_url.empty()) return std::nullopt;
    return *postgres;
}

/// Writes a blob that the ledger knows of, reads it back, removes it.
Status round_trip(BlobStore& store, BlobLedger& ledger, IdGenerator& ids, const Clock& clock) {
    const auto key = ids.next<BlobKey>();
    const std::string text = "safelight doctor";
    TRY(ledger.reserve(std::span(&key, 1), clock.now() + Milliseconds{3'600'000}));
    TRY(put(store, key, std::as_bytes(std::span(text))));
    const auto read = [&]() -> Status {
        TRY_ASSIGN(const auto source, store.open(key));
        std::string back(text.size(), '\0');
        TRY_ASSIGN(const std::size_t count, source->read_at(0, std::as_writable_bytes(std::span(back))));
        if (count == text.size() && back == text) return {};
        return failure(ErrorCode::corrupt_blob, "The store gives back other bytes than it was given.");
    };
    const Status same = read();
    TRY(ledger.abandon(std::span(&key, 1)));
    TRY(store.remove(key));
    TRY(ledger.forget(std::span(&key, 1)));
    return same;
}

Finding look_at_blobs(const Config& config, CatalogDatabase& database, const Clock& clock) {
    IdGenerator ids(clock);
    TRY_ASSIGN(const OpenedBlobs blobs, open_bare_blobs(config, clock));
    BlobStore& store = *blobs.store;
    TRY(store.check());
    TRY_ASSIGN(const std::string took,
               timed([&] { return round_trip(store, database.ledger(), ids, clock); }));
    return fmt::format("noted, written, read and removed in {}", took);
}

Finding look_at_queue(const Config& config, CatalogDatabase& database, const Clock& clock,
                      telemetry::Logger& log) {
    TRY_ASSIGN(const auto queue, open_queue(config, database.claims(), clock, log));
    TRY_ASSIGN(const std::string took, timed([&] { return queue->check(); }));
    return fmt::format("answers in {}", took);
}

/// Only where tokens are taken that are signed by public keys.
Finding look_at_token_keys(const std::string& jwks) {
    TRY_ASSIGN(const std::string text, make_jwks_source(jwks)->read());
    TRY_ASSIGN(const JwtKeys keys, JwtKeys::parse(text));
    if (keys.size() == 0)
        return failure(ErrorCode::conflict,
                       "SAFELIGHT_JWT_JWKS has no key of RS256, ES256 or EdDSA: no token will be taken.");
    return fmt::format("signed by: {}", fmt::join(keys.names(), ", "));
}

Finding look_at_renderer(const Config& config, telemetry::Logger& log) {
    TRY_ASSIGN(const auto renderer, start_renderer(config, 1, log));
    std::string names;
    for (const FormatSupport& format : renderer->formats()) {
        if (format.reads) names += fmt::format("{}{}", names.empty() ? "" : ", ", name_of(format.format));
    }
    const bool is_locked_in = config.sandbox_choice == SandboxChoice::required;
    return fmt::format("{}; reads {}", is_locked_in ? "locked in" : "NOT LOCKED IN, see SAFELIGHT_SANDBOX",
                       names);
}

/// Whether it is well.
bool examine(const Examination& examination) {
    const Finding finding = examination.look();
    if (finding) {
        fmt::print("{:<5} {:<9} {}\n", *finding ? "ok" : "--", examination.part,
                   finding->value_or("not looked at: what stands above comes first"));
        return true;
    }
    const Error& error = finding.error();
    fmt::print("FAIL  {:<9} {}\n", examination.part, error.public_text);
    if (!error.log_text.empty()) fmt::print("      {:<9} {}\n", "", error.log_text);
    return false;
}

}  // namespace

int run_doctor(const Config& config) {
    const SystemClock clock;
    const auto log = make_logger(config);
    bool is_current = false;
    std::unique_ptr<CatalogDatabase> database;
    const auto with_catalog = [&](auto look) -> std::function<Finding()> {
        return [&database, look]() -> Finding {
            if (database) return look(*database);
            return std::nullopt;
        };
    };
    std::vector<Examination> examinations{
        {"data",
         [&]() -> Finding {
             TRY(make_data_folder(config));
             return std::filesystem::absolute(config.data).lexically_normal().string();
         }},
        {"schema", [&] { return look_at_schema(config, clock, is_current); }},
        {"catalog",
         [&]() -> Finding {
             if (!is_current) return std::nullopt;
             TRY_ASSIGN(database, open_catalog(config));
             return look_at_catalog(*database);
         }},
        {"blobs", with_catalog([&](CatalogDatabase& open) { return look_at_blobs(config, open, clock); })},
        {"queue",
         with_catalog([&](CatalogDatabase& open) { return look_at_queue(config, open, clock, *log); })},
        {"renderer", [&] { return look_at_renderer(config, *log); }},
    };
    if (const auto postgres = with_standby(config)) {
        const auto blobs = std::ranges::find(examinations, "blobs", &Examination::part);
        examinations.insert(blobs, {"standby", [&is_current, postgres]() -> Finding {
                                        if (!is_current) return std::nullopt;
                                        return look_at_standby(*postgres);
                                    }});
    }
    if (config.tokens.is_on() && !config.tokens.jwks.empty())
        examinations.push_back({"tokens", [&] { return look_at_token_keys(config.tokens.jwks); }});
    bool all_well = true;
    for (const Examination& examination : examinations) all_well = examine(examination) && all_well;
    return all_well ? 0 : 1;
}

}  // namespace safelight::app
