// The catalog in a PostgreSQL database, 15 or later: many processes on many machines share it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "catalog/catalog.h"

namespace safelight {

struct PostgresConfig {
    /// As libpq takes it: postgresql://user@host:5432/database, or "host=… dbname=…". May hold a password:
    /// never log it. Several hosts may be named; the one that takes writes is used. The schema is the first
    /// of the search path (options=-csearch_path%3Dname), else public. A pooler in between has to keep
    /// sessions.
    std::string url;
    /// Where listings and single reads may go, a hot standby of the same database; empty: to `url`. A read
    /// goes to `url` all the same while the standby does not show everything that was acknowledged before
    /// the read began, or is in trouble.
    std::string read_url;
    std::uint32_t connections = 16;           // to each server; calls at the same time
    Milliseconds connect_timeout{2'000};      // to each host; whole seconds from 2 on, which is libpq's grain
    Milliseconds pool_timeout{2'000};         // how long a call waits for one of them to become free
    Milliseconds statement_timeout{5'000};    // of one statement, locks included; then `unavailable`
    Milliseconds lock_timeout{3'000};         // how long a statement waits for a lock
    Milliseconds check_timeout{1'000};        // of the question that CatalogDatabase::check asks
    Milliseconds migration_timeout{600'000};  // of one statement of a migration, locks included
    Milliseconds clock_ahead_max{3'600'000};  // of the database's, of who says what retention lets go of

    [[nodiscard]] Status validate() const;
};

/// The database has to be at the newest schema version. Connections are opened when they are needed, and
/// again after they broke. Errors: invalid_argument (the configuration), conflict (another schema version, a
/// server that is too old, an encoding other than UTF-8; the text says what to do), unavailable.
[[nodiscard]] Result<std::unique_ptr<CatalogDatabase>> open_postgres_catalog(const PostgresConfig& config);

/// Brings the schema to the newest version, then opens it: for `serve`.
[[nodiscard]] Result<std::unique_ptr<CatalogDatabase>> migrate_and_open_postgres_catalog(
    const PostgresConfig& config, const Clock& clock);

/// Safe beside other processes that migrate or serve. `clock` dates what is applied, and must outlive the
/// migrator. One thread at a time. Errors: as open_postgres_catalog, but for the version.
[[nodiscard]] Result<std::unique_ptr<Migrator>> make_postgres_migrator(const PostgresConfig& config,
                                                                       const Clock& clock);

/// How a standby is.
struct PostgresStandby {
    Milliseconds lag{0};             // until it showed what the primary had when it was asked
    std::uint64_t behind_bytes = 0;  // of the log, still, when that took too long
    bool is_paused = false;          // it repeats nothing until it is told to
};

/// Looks at the standby at `read_url`, for a second at most beside connecting. Errors: as
/// open_postgres_catalog, of either server; conflict (it is no standby, or one of another database).
[[nodiscard]] Result<PostgresStandby> examine_postgres_standby(const PostgresConfig& config);

}  // namespace safelight
