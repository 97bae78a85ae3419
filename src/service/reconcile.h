// Compares the blob store with the catalog, both ways.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "blobs/blob_store.h"
#include "catalog/catalog.h"

namespace safelight {

enum class FindingKind {
    orphan_blob,         // in the store, unknown to the ledger
    orphan_write,        // an unfinished write, unknown to the ledger
    doomed_blob,         // waits for the sweeper
    overdue_write,       // reserved, and its deadline has passed
    foreign_file,        // in the store's place, but no blob; never touched
    missing_blob,        // the catalog refers to it, the store does not have it
    size_differs,        // the catalog says another size
    content_differs,     // the catalog says another hash (only with `verify`)
    dangling_reference,  // the catalog refers to a blob whose ledger row is not live
    unreferenced_blob,   // the ledger says live, and nothing refers to it
};
[[nodiscard]] std::string_view name_of(FindingKind kind);

/// True for what means that stored bytes are lost or wrong; the rest is litter.
[[nodiscard]] bool is_damage(FindingKind kind);

struct Finding {
    FindingKind kind;
    std::string what;    // the blob's key, or a foreign file's name
    std::string detail;  // which image and variant, sizes
    bool repaired = false;
};

struct ReconcileOptions {
    bool repair = false;  // false: a dry run, nothing is changed
    bool verify = false;  // read and hash every referenced blob
    Milliseconds grace{
        3'600'000};  // unknown blobs younger than this are left alone: somebody may be writing them
};

struct ReconcileSummary {
    std::uint64_t blobs = 0;
    std::uint64_t references = 0;
    std::uint64_t litter = 0;
    std::uint64_t damage = 0;
    std::uint64_t repaired = 0;
};

/// Calls `report` for each finding. Repairing removes orphans and what the sweeper would remove; damage is
/// only reported. May run beside a server. Keeps one small entry per blob in memory. Blocks for as long as it
/// takes. Errors: what the store and the catalog return.
[[nodiscard]] Result<ReconcileSummary> reconcile(BlobStore& store, BlobLedger& ledger, const Clock& clock,
                                                 const ReconcileOptions& options,
                                                 const std::function<void(const Finding&)>& report);

}  // namespace safelight
