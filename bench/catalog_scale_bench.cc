// What the catalog's calls cost among few and among many jobs.
//
//   catalog_scale_bench [--few 1000] [--many 1000000] [--rounds 5] [--count 400] [--json FILE] [--read URL]
//   URL
//
// URL is postgresql://…, a server where schemas may be made and triggers passed by, or sqlite:FOLDER. Both
// fillings are made first and then measured in turns, so that whatever else the machine does meets both. What
// was made in a server is removed; a folder is left.
#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/catalog/calls.h"
#include "catalog/postgres/postgres_catalog.h"
#include "catalog/sqlite/sqlite_catalog.h"

namespace safelight::bench {
namespace {

using Steady = std::chrono::steady_clock;

struct Options {
    std::size_t few = 1'000;
    std::size_t many = 1'000'000;
    std::size_t rounds = 5;
    std::size_t count = 400;
    std::string json_file;
    std::string read_url;  // of a standby
    std::string url;
};

/// Empty when the arguments cannot be understood.
std::optional<Options> parse(const std::vector<std::string_view>& arguments) {
    Options options;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string_view name = arguments[i];
        if (!name.starts_with("--")) {
            if (!options.url.empty()) return std::nullopt;
            options.url = name;
            continue;
        }
        if (++i == arguments.size()) return std::nullopt;
        const std::string_view value = arguments[i];
        if (name == "--json" || name == "--read") {
            (name == "--json" ? options.json_file : options.read_url) = value;
            continue;
        }
        std::size_t* number = name == "--few"      ? &options.few
                              : name == "--many"   ? &options.many
                              : name == "--rounds" ? &options.rounds
                              : name == "--count"  ? &options.count
                                                   : nullptr;
        if (number == nullptr) return std::nullopt;
        const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), *number);
        if (error != std::errc{} || end != value.data() + value.size() || *number == 0) return std::nullopt;
    }
    if (options.url.empty()) return std::nullopt;
    return options;
}

/// A catalog with so many jobs.
struct Filled {
    std::size_t jobs = 0;
    std::unique_ptr<CatalogDatabase> database;
    std::unique_ptr<Calls> calls;
    Times times;
};

void run_sql(const std::string& url, const std::string& sql) {
    const std::unique_ptr<PGconn, decltype(&PQfinish)> handle(PQconnectdb(url.c_str()), &PQfinish);
    PQsetNoticeProcessor(handle.get(), [](void*, const char*) {}, nullptr);
    const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(handle.get(), sql.c_str()), &PQclear);
    if (PQresultStatus(result.get()) != PGRES_COMMAND_OK)
        give_up({ErrorCode::unavailable, sql, PQerrorMessage(handle.get()), {}});
}

std::string schema_of(std::size_t jobs) {
    return fmt::format("catalog_scale_bench_{}", jobs);
}

Filled filled(const Options& options, std::size_t jobs) {
    const SystemClock clock;
    const auto begin = Steady::now();
    Filled filled{.jobs = jobs, .database = {}, .calls = {}, .times = {}};
    Filling filling;
    if (options.url.starts_with("postgres")) {
        run_sql(options.url, "DROP SCHEMA IF EXISTS " + schema_of(jobs) + " CASCADE");
        run_sql(options.url, "CREATE SCHEMA " + schema_of(jobs));
        PostgresConfig config;
        const std::string path = "?options=-csearch_path%3D" + schema_of(jobs);
        config.url = options.url + path;
        if (!options.read_url.empty()) config.read_url = options.read_url + path;
        filled.database = value_of(migrate_and_open_postgres_catalog(config, clock));
        filling = fill_postgres(config.url, jobs);
    } else {
        const std::filesystem::path folder = options.url.substr(std::string_view("sqlite:").size());
        std::filesystem::create_directories(folder);
        SqliteConfig config;
        config.path = (folder / fmt::format("{}.db", jobs)).string();
        filled.database = value_of(migrate_and_open_sqlite_catalog(config, clock));
        filling = fill(*filled.database, jobs);
    }
    filled.calls = std::make_unique<Calls>(*filled.database, std::move(filling));
    fmt::print("filled with {} jobs in {:.0f} s\n", jobs,
               std::chrono::duration<double>(Steady::now() - begin).count());
    std::fflush(stdout);
    return filled;
}

/// `times` are sorted.
double quantile(const std::vector<double>& times, double share) {
    return times[std::min(times.size() - 1,
                          static_cast<std::size_t>(share * static_cast<double>(times.size())))];
}

boost::json::array report(Filled& few, Filled& many) {
    boost::json::array rows;
    fmt::print("{:<28}{:>20}{:>20}\n{:<28}{:>10}{:>10}{:>10}{:>10}{:>11}\n", "",
               fmt::format("{} jobs", few.jobs), fmt::format("{} jobs", many.jobs), "µs", "p50", "p99", "p50",
               "p99", "p99 ratio");
    for (std::size_t i = 0; i < few.times.size(); ++i) {
        const std::string& name = few.times[i].name;
        fmt::print("{:<28}", name);
        for (Filled* filled : {&few, &many}) {
            std::vector<double>& times = filled->times[i].times_us;
            std::ranges::sort(times);
            fmt::print("{:>10.0f}{:>10.0f}", quantile(times, 0.5), quantile(times, 0.99));
            rows.push_back({{"call", name},
                            {"jobs", filled->jobs},
                            {"count", times.size()},
                            {"p50_us", quantile(times, 0.5)},
                            {"p99_us", quantile(times, 0.99)}});
        }
        fmt::print("{:>11.2f}\n",
                   quantile(many.times[i].times_us, 0.99) / quantile(few.times[i].times_us, 0.99));
    }
    return rows;
}

void run(const Options& options) {
    Filled few = filled(options, options.few);
    Filled many = filled(options, options.many);
    Times warm_up;
    for (Filled* filling : {&few, &many}) filling->calls->measure(options.count / 4 + 1, warm_up);
    for (std::size_t round = 0; round < options.rounds; ++round) {
        for (Filled* filling : {&few, &many}) filling->calls->measure(options.count, filling->times);
    }
    const boost::json::array rows = report(few, many);
    if (!options.json_file.empty()) std::ofstream(options.json_file) << boost::json::serialize(rows) << '\n';
    if (!options.url.starts_with("postgres")) return;
    for (Filled* filling : {&few, &many}) {
        filling->database.reset();
        run_sql(options.url, "DROP SCHEMA " + schema_of(filling->jobs) + " CASCADE");
    }
}

}  // namespace
}  // namespace safelight::bench

int main(int argc, char** argv) {
    const auto options = safelight::bench::parse({argv + 1, argv + argc});
    if (!options || !(options->url.starts_with("postgres") || options->url.starts_with("sqlite:"))) {
        fmt::print(stderr,
                   "usage: catalog_scale_bench [--few N] [--many N] [--rounds N] [--count N] [--json FILE] "
                   "[--read URL]"
                   " postgresql://…|sqlite:FOLDER\n");
        return 2;
    }
    safelight::bench::run(*options);
    return 0;
}
