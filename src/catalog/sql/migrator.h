// How a schema is brought up or down, version by version; a database says how one step is done.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "base/clock.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "catalog/sql/schema_version.h"

namespace safelight {

/// A database's schema, over a connection of its own. One thread at a time.
class VersionedSchema {
  public:
    virtual ~VersionedSchema() = default;
    /// 0 for an empty database; it is not changed by asking.
    [[nodiscard]] virtual Result<SchemaVersion> version() = 0;

    /// Begins a transaction, in which nobody else migrates.
    [[nodiscard]] virtual Status begin() = 0;
    [[nodiscard]] virtual Status commit() = 0;
    /// Harmless after a commit.
    virtual void roll_back() = 0;

    // Inside of a transaction:

    /// Makes the table of what was applied, or brings an earlier program's up to date; harmless when it is
    /// there as it should be.
    [[nodiscard]] virtual Status prepare() = 0;
    /// Runs the migration up and notes it, and who can work with it.
    [[nodiscard]] virtual Status apply(const Migration& migration, Timestamp now) = 0;
    /// Runs it down and takes the note away.
    [[nodiscard]] virtual Status undo(const Migration& migration) = 0;
};

/// Each migration is a transaction of its own, together with the note that it was applied. `migrations` are
/// in order of version; they and `clock` must outlive the migrator.
[[nodiscard]] std::unique_ptr<Migrator> make_migrator(std::unique_ptr<VersionedSchema> schema,
                                                      std::span<const Migration> migrations,
                                                      const Clock& clock);

}  // namespace safelight
