// The catalog in one SQLite file: WAL, every commit on disk before it is answered.
//
// Several processes may use the file at the same time, on one machine; a network file system will not do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "catalog/catalog.h"

namespace safelight {

struct SqliteConfig {
    std::string path;                     // created with mode 0600 by the migrator; its folder must exist
    Milliseconds busy_timeout{5'000};     // how long another process may hold the file before `unavailable`
    Milliseconds check_timeout{1'000};    // the same for CatalogDatabase::check
    std::uint32_t readers = 4;            // read connections, and so reads at the same time
    std::size_t write_queue_max = 1'024;  // writes that wait; past it they are refused
    std::uint32_t writer_cache_kib = 16'384;
    std::uint32_t reader_cache_kib = 4'096;  // of each
    std::uint32_t checkpoint_pages = 4'000;  // length of the log at which it is moved into the file
    std::string vfs;  // SQLite's file layer by name; empty: the usual one (tests inject faults)

    [[nodiscard]] Status validate() const;
};

/// The file has to exist and to be at the newest schema version.
/// Errors: invalid_argument (the configuration), conflict (another schema version; the text says what to do),
/// unavailable, storage_full.
[[nodiscard]] Result<std::unique_ptr<CatalogDatabase>> open_sqlite_catalog(const SqliteConfig& config);

/// Brings the file to the newest version (creating it when needed), then opens it: for `serve`.
[[nodiscard]] Result<std::unique_ptr<CatalogDatabase>> migrate_and_open_sqlite_catalog(
    const SqliteConfig& config, const Clock& clock);

/// Creates the file when there is none, at version 0. Safe beside other processes that migrate or serve.
/// `clock` dates what is applied, and must outlive the migrator. One thread at a time.
/// Errors: invalid_argument, unavailable, storage_full.
[[nodiscard]] Result<std::unique_ptr<Migrator>> make_sqlite_migrator(const SqliteConfig& config,
                                                                     const Clock& clock);

}  // namespace safelight
