#include "service/reconcile.h"

#include <fmt/format.h>

#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/sha256.h"

namespace safelight {
namespace {

constexpr std::uint32_t page_entries = 1'000;
constexpr std::size_t batch_blobs = 256;  // that are removed together
constexpr std::size_t hash_buffer_bytes = 256 * 1'024;

std::string describe(const BlobLedger::Reference& reference) {
    const std::string image = reference.image_id.to_string();
    if (reference.variant == BlobLedger::upload_part) return fmt::format("part of upload {}", image);
    return reference.variant.empty() ? fmt::format("original of image {}", image)
                                     : fmt::format("variant {} of image {}", reference.variant, image);
}

Result<Sha256> hash_of(BlobStore& store, BlobKey key) {
    TRY_ASSIGN(const auto source, store.open(key));
    std::vector<std::byte> buffer(hash_buffer_bytes);
    Sha256Hasher hasher;
    for (std::uint64_t offset = 0; offset < source->size_bytes();) {
        TRY_ASSIGN(const std::size_t count, source->read_at(offset, buffer));
        if (count == 0) break;
        hasher.update(std::span(buffer).first(count));
        offset += count;
    }
    return hasher.finish();
}

/// One run: reads the ledger and the references, walks the store, then looks at what was not found.
class Reconciliation {
  public:
    Reconciliation(BlobStore& store, BlobLedger& ledger, const Clock& clock, const ReconcileOptions& options,
                   const std::function<void(const Finding&)>& report)
        : store_(store), ledger_(ledger), now_(clock.now()), options_(options), report_(report) {}

    Result<ReconcileSummary> run() {
        // The store first: a blob that is reserved after this walk is not seen, so it cannot look like an
        // orphan.
        TRY(store_.list(
            [this](const BlobEntry& entry) { return keep(entry); },
            [this](const std::string& name) { note({FindingKind::foreign_file, name, "", false}); }));
        TRY(read_ledger());
        TRY(read_references());
        TRY(check_blobs());
        TRY(check_ledger());
        return summary_;
    }

  private:
    struct Stored {
        bool whole = false;
        std::uint64_t size_bytes = 0;
        Timestamp modified_at;
    };

    Status keep(const BlobEntry& entry) {
        Stored& stored = stored_[entry.key];
        if (!entry.unfinished) {
            stored.whole = true;
            stored.size_bytes = entry.size_bytes;
            ++summary_.blobs;
        }
        stored.modified_at = std::max(stored.modified_at, entry.modified_at);
        return {};
    }

    Status read_ledger() {
        std::optional<BlobKey> after;
        for (;;) {
            TRY_ASSIGN(const auto page, ledger_.entries(after, page_entries));
            for (const auto& entry : page) rows_[entry.key] = entry;
            if (page.size() < page_entries) return {};
            after = page.back().key;
        }
    }

    Status read_references() {
        std::optional<BlobKey> after;
        for (;;) {
            TRY_ASSIGN(const auto page, ledger_.references(after, page_entries));
            for (const auto& reference : page) TRY(check_reference(reference));
            if (page.size() < page_entries) return {};
            after = page.back().key;
        }
    }

    Status check_reference(const BlobLedger::Reference& reference) {
        ++summary_.references;
        referenced_.insert(reference.key);
        const std::string what = reference.key.to_string();
        const auto row = rows_.find(reference.key);
        if (row == rows_.end() || row->second.state != BlobState::live) {
            // Rows and references are read one after the other: look again before crying wolf.
            TRY_ASSIGN(const auto again, ledger_.find(reference.key));
            if (again && again->state == BlobState::live) return {};
            note({FindingKind::dangling_reference, what, describe(reference), false});
            return {};
        }
        const auto stored = stored_.find(reference.key);
        if (stored == stored_.end() || !stored->second.whole) return check_missing(reference);
        if (stored->second.size_bytes != reference.size_bytes) {
            note({FindingKind::size_differs, what,
                  fmt::format("{}: {} bytes, recorded were {}", describe(reference),
                              stored->second.size_bytes, reference.size_bytes),
                  false});
            return {};
        }
        return options_.verify ? check_content(reference) : Status{};
    }

    /// A blob that was not in the walk may have come, or its image have gone, since.
    Status check_missing(const BlobLedger::Reference& reference) {
        if (store_.open(reference.key)) return {};
        TRY_ASSIGN(const auto row, ledger_.find(reference.key));
        if (!row || row->state != BlobState::live) return {};
        note({FindingKind::missing_blob, reference.key.to_string(), describe(reference), false});
        return {};
    }

    Status check_content(const BlobLedger::Reference& reference) {
        auto hash = hash_of(store_, reference.key);
        if (!hash && hash.error().code == ErrorCode::not_found) return check_missing(reference);
        if (!hash) return forward(std::move(hash));
        if (*hash == reference.sha256) return {};
        note({FindingKind::content_differs, reference.key.to_string(), describe(reference), false});
        return {};
    }

    Status check_blobs() {
        for (const auto& [key, stored] : stored_) {
            const auto row = rows_.find(key);
            if (row != rows_.end()) continue;
            if (stored.modified_at > now_ - options_.grace) continue;
            // It may have been reserved and swept meanwhile; only what the ledger still does not know is an
            // orphan.
            TRY_ASSIGN(const auto late, ledger_.find(key));
            if (late) continue;
            Finding finding{
                stored.whole ? FindingKind::orphan_blob : FindingKind::orphan_write, key.to_string(),
                fmt::format("{} bytes, last written {}", stored.size_bytes, to_rfc3339(stored.modified_at)),
                false};
            TRY(settle({std::move(finding), key, false}));
        }
        return remove_litter();
    }

    Status check_ledger() {
        for (const auto& [key, row] : rows_) {
            if (row.state == BlobState::live) {
                TRY(check_live(key));
                continue;
            }
            const bool overdue = row.state == BlobState::writing && row.deadline <= now_;
            if (row.state == BlobState::writing && !overdue) continue;
            Finding finding{overdue ? FindingKind::overdue_write : FindingKind::doomed_blob, key.to_string(),
                            "", false};
            if (options_.repair) {
                if (overdue) TRY(ledger_.abandon(std::span(&key, 1)));
                // Since the ledger was read, a slow write may have been committed: only what is doomed now
                // may go.
                TRY_ASSIGN(const auto current, ledger_.find(key));
                if (!current || current->state != BlobState::doomed) continue;
            }
            TRY(settle({std::move(finding), key, true}));
        }
        return remove_litter();
    }

    struct Litter {
        Finding finding;
        BlobKey key;
        bool has_row = false;  // in the ledger, to be dropped after the bytes
    };

    /// Notes it at once, or when it was removed together with others: a store may need one request for many.
    Status settle(Litter litter) {
        if (!options_.repair) {
            note(litter.finding);
            return {};
        }
        litter_.push_back(std::move(litter));
        return litter_.size() < batch_blobs ? Status() : remove_litter();
    }

    Status remove_litter() {
        const std::vector<Litter> batch = std::exchange(litter_, {});
        std::vector<BlobKey> keys;
        for (const Litter& litter : batch) keys.push_back(litter.key);
        const std::vector<Status> statuses = store_.remove_many(keys);
        std::vector<BlobKey> rows;
        Status first_failure;
        for (std::size_t i = 0; i < batch.size(); ++i) {
            if (statuses[i] && batch[i].has_row) rows.push_back(keys[i]);
            if (!statuses[i] && first_failure) first_failure = statuses[i];
        }
        if (!rows.empty()) TRY(ledger_.forget(rows));
        for (std::size_t i = 0; i < batch.size(); ++i) {
            Finding finding = batch[i].finding;
            finding.repaired = statuses[i].has_value();
            note(finding);
        }
        return first_failure;
    }

    Status check_live(BlobKey key) {
        if (referenced_.contains(key)) return {};
        TRY_ASSIGN(const auto row, ledger_.find(key));
        if (row && row->state == BlobState::live)
            note({FindingKind::unreferenced_blob, key.to_string(), "", false});
        return {};
    }

    void note(const Finding& finding) {
        // A foreign file is none of ours: worth a word, and nothing to clean up.
        if (finding.kind != FindingKind::foreign_file)
            ++(is_damage(finding.kind) ? summary_.damage : summary_.litter);
        if (finding.repaired) ++summary_.repaired;
        report_(finding);
    }

    BlobStore& store_;
    BlobLedger& ledger_;
    const Timestamp now_;
    const ReconcileOptions& options_;
    const std::function<void(const Finding&)>& report_;
    std::unordered_map<BlobKey, Stored> stored_;
    std::unordered_map<BlobKey, LedgerEntry> rows_;
    std::unordered_set<BlobKey> referenced_;
    std::vector<Litter> litter_;  // to be removed
    ReconcileSummary summary_;
};

}  // namespace

std::string_view name_of(FindingKind kind) {
    switch (kind) {
        case FindingKind::orphan_blob:
            return "orphan_blob";
        case FindingKind::orphan_write:
            return "orphan_write";
        case FindingKind::doomed_blob:
            return "doomed_blob";
        case FindingKind::overdue_write:
            return "overdue_write";
        case FindingKind::foreign_file:
            return "foreign_file";
        case FindingKind::missing_blob:
            return "missing_blob";
        case FindingKind::size_differs:
            return "size_differs";
        case FindingKind::content_differs:
            return "content_differs";
        case FindingKind::dangling_reference:
            return "dangling_reference";
        case FindingKind::unreferenced_blob:
            return "unreferenced_blob";
    }
    return "unknown";
}

bool is_damage(FindingKind kind) {
    switch (kind) {
        case FindingKind::missing_blob:
        case FindingKind::size_differs:
        case FindingKind::content_differs:
        case FindingKind::dangling_reference:
            return true;
        default:
            return false;
    }
}

Result<ReconcileSummary> reconcile(BlobStore& store, BlobLedger& ledger, const Clock& clock,
                                   const ReconcileOptions& options,
                                   const std::function<void(const Finding&)>& report) {
    return Reconciliation(store, ledger, clock, options, report).run();
}

}  // namespace safelight
