// `safelight doctor`: whether everything that is configured can be reached and used, and what to do when not.

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "access/jwks_source.h"
#include "access/jwt_keys.h"
#include "app/backend_urls.h"
#include "app/commands.h"
#include "app/doctor_findings.h"
#include "app/doctor_words.h"
#include "app/wiring.h"
#include "base/descriptor.h"
#include "base/units.h"
#include "blobs/s3/s3_examination.h"

namespace safelight::app {
namespace {

constexpr int rounds = 5;  // of what is timed

using Steady = std::chrono::steady_clock;

/// Whatever keeps one from seeing it is told when it is opened.
bool may_exist(const std::filesystem::path& path) {
    std::error_code error;
    return std::filesystem::exists(path, error) || error;
}

/// What one look leaves for the next ones.
struct Round {
    const Config& config;
    const Clock& clock;
    telemetry::Logger& log;
    CatalogChoice catalog;
    std::optional<PostgresExamination> postgres = {};
    bool is_server_well = true;  // that of the catalog, where it has one
    bool is_current = false;     // the schema: the catalog can be opened
    std::unique_ptr<CatalogDatabase> database = {};
};

struct Examination {
    std::string part;
    Finding (*look)(Round&);
};

Findings facts(std::string fact) {
    return {.facts = {std::move(fact)}, .warnings = {}, .faults = {}};
}

/// The median of a few calls, in words. Errors: those of `call`.
Result<std::string> timed(const std::function<Status()>& call) {
    std::vector<double> times_ms;
    for (int i = 0; i < rounds; ++i) {
        const auto begin = Steady::now();
        TRY(call());
        times_ms.push_back(std::chrono::duration<double, std::milli>(Steady::now() - begin).count());
    }
    std::ranges::sort(times_ms);
    return fmt::format("{:.2f} ms", times_ms[rounds / 2]);
}

Findings out_of_reach(const Error& error, std::string_view variable) {
    Findings findings{.facts = {}, .warnings = {}, .faults = {error}};
    if (error.code == ErrorCode::unavailable)
        findings.facts.push_back(
            fmt::format("is it up, may this machine reach it, and is {} right?", variable));
    return findings;
}

bool is_embedded(const Round& round) {
    return std::holds_alternative<SqliteConfig>(round.catalog);
}

bool is_below(const std::filesystem::path& path, const std::filesystem::path& folder) {
    const auto relative = std::filesystem::absolute(path).lexically_normal().lexically_relative(
        std::filesystem::absolute(folder).lexically_normal());
    return !relative.empty() && *relative.begin() != "..";
}

/// With nothing left behind. Errors: unavailable.
Status try_to_write(const std::filesystem::path& folder) {
    std::string name = (folder / ".safelight-doctor-XXXXXX").string();
    const Descriptor file(::mkostemp(name.data(), O_CLOEXEC));
    if (file.get() >= 0 && ::unlink(name.c_str()) == 0) return {};
    return failure(ErrorCode::unavailable,
                   fmt::format("SAFELIGHT_DATA is \"{}\": nothing can be written there ({}).",
                               folder.string(), std::system_category().message(errno)));
}

void look_at_space(const std::filesystem::path& folder, const Config& config, Findings& findings) {
    std::error_code error;
    const auto space = std::filesystem::space(folder, error);
    if (!error) tell_of_space(folder, space.available, config, findings);
}

/// Whether the catalog's file or the blobs' folder lies in the data folder.
bool is_data_kept_there(const Round& round) {
    const std::filesystem::path& data = round.config.data;
    const auto* sqlite = std::get_if<SqliteConfig>(&round.catalog);
    const auto blobs = chosen_blobs(round.config);
    const auto* folder = blobs ? std::get_if<FilesystemConfig>(&*blobs) : nullptr;
    return (sqlite != nullptr && is_below(sqlite->path, data)) ||
           (folder != nullptr && is_below(folder->root, data));
}

/// Without making it. Empty when it is there, or something else is in its place.
std::optional<Findings> look_at_missing_folder(const std::filesystem::path& folder) {
    std::filesystem::path above = std::filesystem::absolute(folder).lexically_normal();
    if (may_exist(above)) return std::nullopt;
    while (!may_exist(above)) above = above.parent_path();
    if (std::error_code error;
        !std::filesystem::is_directory(above, error) || ::access(above.c_str(), W_OK | X_OK) != 0)
        return std::nullopt;
    return facts(fmt::format("\"{}\" is not there yet: `safelight serve` makes it", folder.string()));
}

Finding look_at_data(Round& round) {
    const Config& config = round.config;
    if (auto missing = look_at_missing_folder(config.data)) return *std::move(missing);
    TRY(make_data_folder(config));  // it is there, or cannot be made
    Findings findings = facts(std::filesystem::absolute(config.data).lexically_normal().string());
    const Status written = try_to_write(config.data);
    if (is_data_kept_there(round)) {
        TRY(written);
        look_at_space(config.data, config, findings);
    } else if (!written && config.blobs_local_bytes > 0) {
        findings.warnings.push_back(written.error().public_text + " No copies of uploads are kept.");
    }
    return findings;
}

/// Only of a catalog that is one.
Finding look_at_postgres(Round& round) {
    round.is_server_well = false;
    auto examined = examine_postgres(std::get<PostgresConfig>(round.catalog), round.clock);
    if (!examined) return out_of_reach(examined.error(), "SAFELIGHT_CATALOG");
    round.postgres = *std::move(examined);
    // A clock that is wrong, or a version, keeps nobody from looking further.
    round.is_server_well =
        round.postgres->keeps_sessions && !round.postgres->schema.empty() && round.postgres->lacking.empty();
    return words_for(*round.postgres, round.config);
}

Finding look_at_schema(Round& round) {
    if (!round.is_server_well) return put_off();
    if (const auto* sqlite = std::get_if<SqliteConfig>(&round.catalog); sqlite && !may_exist(sqlite->path))
        return facts("not there yet: `safelight serve` makes it");
    TRY_ASSIGN(const auto migrator, open_migrator(round.config, round.clock));
    TRY_ASSIGN(const MigrationStatus status, migrator->status());
    round.is_current = status.pending.empty();
    const std::string versions = fmt::format("version {} of {}", status.version, status.newest_version);
    if (status.version > status.newest_version)
        return facts(versions + ": newer than this program, and compatible with it");
    if (round.is_current) return facts(versions);
    if (is_embedded(round)) return facts(versions + ": the next `safelight serve` brings it up to date");
    std::string detail;
    if (round.postgres && !round.postgres->may_migrate) {
        detail = fmt::format(
            "The role \"{0}\" cannot do that: run it as the owner of the tables, or `GRANT CREATE ON SCHEMA "
            "\"{1}\" TO \"{0}\"` when there are none yet.",
            round.postgres->role, round.postgres->schema);
    }
    return failure(ErrorCode::conflict,
                   fmt::format("The catalog's schema has {}: run `safelight migrate up`.", versions),
                   std::move(detail));
}

Finding look_at_catalog(Round& round) {
    if (!round.is_current) return put_off();
    TRY_ASSIGN(round.database, open_catalog(round.config));
    TRY_ASSIGN(const std::uint64_t waiting, round.database->claims().backlog());
    TRY_ASSIGN(const std::string took, timed([&] { return round.database->check(); }));
    Findings findings = facts(fmt::format("answers in {}", took));
    findings.facts.push_back(fmt::format("{} jobs wait", waiting));
    if (const auto* sqlite = std::get_if<SqliteConfig>(&round.catalog);
        sqlite != nullptr && !is_below(sqlite->path, round.config.data))
        look_at_space(std::filesystem::absolute(sqlite->path).parent_path(), round.config, findings);
    return findings;
}

/// Only of a catalog that has one.
Finding look_at_standby(Round& round) {
    if (!round.is_current) return put_off();
    TRY_ASSIGN(const PostgresStandby standby,
               examine_postgres_standby(std::get<PostgresConfig>(round.catalog)));
    if (standby.behind_bytes == 0)
        return facts(fmt::format("shows what is written within {} ms", standby.lag.count()));
    return failure(
        ErrorCode::unavailable,
        fmt::format("The standby of SAFELIGHT_CATALOG_READ is {} behind{}. Until it has caught up, "
                    "everything is read from the primary.",
                    format_bytes(standby.behind_bytes),
                    standby.is_paused ? ", and paused: `SELECT pg_wal_replay_resume()` there" : ""));
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

/// Whether what is there may be listed; one entry is enough.
Status list_some(BlobStore& store) {
    const Status listed = store.list(
        [](const BlobEntry&) -> Status { return failure(ErrorCode::cancelled, "That is enough."); },
        [](const std::string&) {});
    return !listed && listed.error().code == ErrorCode::cancelled ? Status{} : listed;
}

Finding look_at_folder(Round& round, const FilesystemConfig& folder) {
    if (!round.database) return put_off();
    IdGenerator ids(round.clock);
    TRY_ASSIGN(const OpenedBlobs blobs, open_bare_blobs(round.config, round.clock));
    BlobStore& store = *blobs.store;
    TRY(store.check());
    TRY_ASSIGN(const std::string took,
               timed([&] { return round_trip(store, round.database->ledger(), ids, round.clock); }));
    Findings findings = facts(fmt::format("noted, written, read and removed in {}", took));
    if (!is_below(folder.root, round.config.data)) look_at_space(folder.root, round.config, findings);
    return findings;
}

/// A write in parts that is begun and given up: by `remove` what the writer itself could not take back.
Status give_up_write(BlobStore& store, BlobLedger& ledger, IdGenerator& ids, const Clock& clock) {
    const auto key = ids.next<BlobKey>();
    TRY(ledger.reserve(std::span(&key, 1), clock.now() + Milliseconds{3'600'000}));
    {
        TRY_ASSIGN(const auto writer, store.create(key));
    }
    TRY(ledger.abandon(std::span(&key, 1)));
    TRY(store.remove(key));
    return ledger.forget(std::span(&key, 1));
}

/// Of each kind of request one, so that a right that lacks is told.
void look_at_rights(Round& round, BlobStore& store, Findings& findings) {
    // An empty store is listed to the end, which takes a right that writing takes as well.
    const auto note = [&faults = findings.faults](const auto& result) {
        if (!result && std::ranges::find(faults, result.error()) == faults.end())
            faults.push_back(result.error());
        return result.has_value();
    };
    note(list_some(store));
    if (!round.database) {
        findings.facts.emplace_back("no blob written: the catalog comes first");
        return;
    }
    IdGenerator ids(round.clock);
    BlobLedger& ledger = round.database->ledger();
    const auto took = timed([&] { return round_trip(store, ledger, ids, round.clock); });
    if (!note(took)) return;
    findings.facts.push_back(fmt::format("noted, written, read and removed in {}", *took));
    const auto in_parts = open_blobs_in_parts(round.config, round.clock);
    if (in_parts && note(round_trip(*in_parts, ledger, ids, round.clock)) &&
        note(give_up_write(*in_parts, ledger, ids, round.clock)))
        findings.facts.emplace_back("in parts as well");
}

Finding look_at_bucket(Round& round, const S3Config& s3) {
    Findings findings;
    const auto skew = examine_s3_clock(s3, round.clock);
    if (!skew) return out_of_reach(skew.error(), "SAFELIGHT_BLOBS");
    TRY_ASSIGN(const OpenedBlobs blobs, open_bare_blobs(round.config, round.clock));
    auto took = timed([&] { return blobs.store->check(); });
    if (took) {
        findings.facts.push_back(fmt::format("answers in {}", *took));
        look_at_rights(round, *blobs.store, findings);
    } else {
        findings.faults.push_back(std::move(took).error());
    }
    if (const std::optional<ClockSkew>& known = *skew)
        tell_of_store_clock(*known, !findings.faults.empty(), findings);
    return findings;
}

Finding look_at_blobs(Round& round) {
    TRY_ASSIGN(const BlobsChoice choice, chosen_blobs(round.config));
    if (const auto* s3 = std::get_if<S3Config>(&choice)) return look_at_bucket(round, *s3);
    return look_at_folder(round, std::get<FilesystemConfig>(choice));
}

/// Where nothing stands in its way already.
Status time_redis(const RedisQueueConfig& redis, Round& round, Findings& findings) {
    const auto queue = make_redis_queue(redis, round.log);
    TRY_ASSIGN(const std::string took, timed([&] { return queue->check(); }));
    TRY_ASSIGN(const std::uint64_t waiting, queue->depth());
    findings.facts.push_back(fmt::format("answers in {}", took));
    findings.facts.push_back(fmt::format("{} hints wait", waiting));
    return {};
}

Findings look_at_redis(Round& round, const RedisQueueConfig& redis) {
    const auto examined = examine_redis(redis, round.clock);
    if (!examined) return out_of_reach(examined.error(), "SAFELIGHT_QUEUE");
    Findings findings = words_for(*examined, redis);
    if (!findings.faults.empty()) return findings;
    if (auto asked = time_redis(redis, round, findings); !asked)
        findings.faults.push_back(std::move(asked).error());
    return findings;
}

Finding look_at_queue(Round& round) {
    TRY_ASSIGN(const QueueChoice choice, chosen_queue(round.config));
    if (const auto* redis = std::get_if<RedisQueueConfig>(&choice)) {
        Findings findings = look_at_redis(round, *redis);
        if (!findings.faults.empty())
            findings.facts.emplace_back(
                "jobs are done all the same: meanwhile workers look for them in the catalog");
        return findings;
    }
    if (!round.database) return put_off();
    TRY_ASSIGN(const auto queue, open_queue(round.config, round.database->claims(), round.clock, round.log));
    TRY_ASSIGN(const std::string took, timed([&] { return queue->check(); }));
    return facts(fmt::format("answers in {}", took));
}

/// Only where tokens are taken that are signed by public keys.
Finding look_at_token_keys(Round& round) {
    TRY_ASSIGN(const std::string text, make_jwks_source(round.config.tokens.jwks)->read());
    TRY_ASSIGN(const JwtKeys keys, JwtKeys::parse(text));
    if (keys.size() == 0)
        return failure(ErrorCode::conflict,
                       "SAFELIGHT_JWT_JWKS has no key of RS256, ES256 or EdDSA: no token will be taken.");
    return facts(fmt::format("signed by: {}", fmt::join(keys.names(), ", ")));
}

Finding look_at_renderer(Round& round) {
    TRY_ASSIGN(const auto renderer, start_renderer(round.config, 1, round.log));
    std::string names;
    for (const FormatSupport& format : renderer->formats()) {
        if (format.reads) names += fmt::format("{}{}", names.empty() ? "" : ", ", name_of(format.format));
    }
    Findings findings = facts("reads " + names);
    if (round.config.sandbox_choice == SandboxChoice::required)
        findings.facts.insert(findings.facts.begin(), "locked in");
    else
        findings.warnings.emplace_back(
            "NOT LOCKED IN, see SAFELIGHT_SANDBOX: a hostile picture may do what this program may.");
    return findings;
}

/// In the order in which one needs the other.
std::vector<Examination> all_examinations(const Round& round) {
    const auto* postgres = std::get_if<PostgresConfig>(&round.catalog);
    std::vector<Examination> all{{"data", look_at_data}};
    if (postgres != nullptr) all.push_back({"postgres", look_at_postgres});
    all.push_back({"schema", look_at_schema});
    all.push_back({"catalog", look_at_catalog});
    if (postgres != nullptr && !postgres->read_url.empty()) all.push_back({"standby", look_at_standby});
    all.push_back({"blobs", look_at_blobs});
    all.push_back({"queue", look_at_queue});
    all.push_back({"renderer", look_at_renderer});
    const TokenConfig& tokens = round.config.tokens;
    if (tokens.is_on() && !tokens.jwks.empty()) all.push_back({"tokens", look_at_token_keys});
    return all;
}

}  // namespace

int run_doctor(const Config& config) {
    const SystemClock clock;
    const auto log = make_logger(config);
    auto catalog = chosen_catalog(config);
    if (!catalog) return report(catalog.error());
    Round round{.config = config, .clock = clock, .log = *log, .catalog = *std::move(catalog)};
    bool all_well = true;
    for (const Examination& examination : all_examinations(round)) {
        const Finding finding = examination.look(round);
        fmt::print("{}", lines_of(examination.part, finding));
        all_well = is_well(finding) && all_well;
    }
    return all_well ? 0 : 1;
}

}  // namespace safelight::app
