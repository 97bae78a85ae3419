// BlobLedger on SQLite.
#include <utility>

#include "catalog/sqlite/faces.h"
#include "catalog/sqlite/rows.h"
#include "catalog/sqlite/statements.h"

namespace safelight::sqlite {
namespace {

class Ledger final : public BlobLedger {
  public:
    Ledger(GroupWriter& writer, ReaderPool& readers) : writer_(writer), readers_(readers) {}

    Status reserve(std::span<const BlobKey> keys, Timestamp deadline) override {
        return writer_.write([&](Connection& connection) -> Status {
            for (const BlobKey& key : keys) TRY(connection.run(sql::reserve, key, deadline));
            return {};
        });
    }

    Status abandon(std::span<const BlobKey> keys) override { return run_for_each(sql::abandon, keys); }

    Status forget(std::span<const BlobKey> keys) override { return run_for_each(sql::forget, keys); }

    Result<std::vector<BlobKey>> sweepable(std::optional<BlobKey> after, std::uint32_t limit,
                                           Timestamp now) override {
        return writer_.write([&](Connection& connection) -> Result<std::vector<BlobKey>> {
            TRY(connection.run(sql::doom_overdue, now, limit));
            TRY_ASSIGN(Query query, connection.query(sql::doomed, after.value_or(BlobKey{}), limit));
            return read_all(std::move(query), &read_key);
        });
    }

    Result<std::vector<LedgerEntry>> entries(std::optional<BlobKey> after, std::uint32_t limit) override {
        return readers_.read([&](Connection& connection) -> Result<std::vector<LedgerEntry>> {
            TRY_ASSIGN(Query query, connection.query(sql::entries, after.value_or(BlobKey{}), limit));
            return read_all(std::move(query), &read_entry);
        });
    }

    Result<std::optional<LedgerEntry>> find(BlobKey key) override {
        return readers_.read([&](Connection& connection) -> Result<std::optional<LedgerEntry>> {
            TRY_ASSIGN(Query query, connection.query(sql::entry, key));
            TRY_ASSIGN(const auto found, read_all(std::move(query), &read_entry));
            if (found.empty()) return std::nullopt;
            return found.front();
        });
    }

    Result<std::vector<Reference>> references(std::optional<BlobKey> after, std::uint32_t limit) override {
        return readers_.read([&](Connection& connection) -> Result<std::vector<Reference>> {
            TRY_ASSIGN(Query query, connection.query(sql::references, after.value_or(BlobKey{}), limit));
            return read_all(std::move(query), &read_reference);
        });
    }

  private:
    Status run_for_each(std::string_view statement, std::span<const BlobKey> keys) {
        return writer_.write([&](Connection& connection) -> Status {
            for (const BlobKey& key : keys) TRY(connection.run(statement, key));
            return {};
        });
    }

    GroupWriter& writer_;
    ReaderPool& readers_;
};

}  // namespace

std::unique_ptr<BlobLedger> make_ledger(GroupWriter& writer, ReaderPool& readers) {
    return std::make_unique<Ledger>(writer, readers);
}

}  // namespace safelight::sqlite
