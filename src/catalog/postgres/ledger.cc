// BlobLedger on PostgreSQL.
#include <utility>

#include "catalog/postgres/faces.h"
#include "catalog/postgres/rows.h"
#include "catalog/postgres/statements.h"

namespace safelight::postgres {
namespace {

class Ledger final : public BlobLedger {
  public:
    explicit Ledger(Pool& pool) : pool_(pool) {}

    Status reserve(std::span<const BlobKey> keys, Timestamp deadline) override {
        return run_one(sql::reserve, keys, deadline);
    }

    Status abandon(std::span<const BlobKey> keys) override { return run_one(sql::abandon, keys); }

    Status forget(std::span<const BlobKey> keys) override { return run_one(sql::forget, keys); }

    Result<std::vector<BlobKey>> sweepable(std::optional<BlobKey> after, std::uint32_t limit,
                                           Timestamp now) override {
        return pool_.write([&](Connection& connection) -> Result<std::vector<BlobKey>> {
            TRY(connection.run(sql::doom_overdue, now, limit));
            TRY_ASSIGN(Answer answer, connection.query(sql::doomed, after.value_or(BlobKey{}), limit));
            return read_all(std::move(answer), &read_key);
        });
    }

    Result<std::vector<LedgerEntry>> entries(std::optional<BlobKey> after, std::uint32_t limit) override {
        return pool_.read([&](Connection& connection) -> Result<std::vector<LedgerEntry>> {
            TRY_ASSIGN(Answer answer, connection.query(sql::entries, after.value_or(BlobKey{}), limit));
            return read_all(std::move(answer), &read_entry);
        });
    }

    Result<std::optional<LedgerEntry>> find(BlobKey key) override {
        return pool_.read([&](Connection& connection) -> Result<std::optional<LedgerEntry>> {
            TRY_ASSIGN(Answer answer, connection.query(sql::entry, key));
            TRY_ASSIGN(const auto found, read_all(std::move(answer), &read_entry));
            if (found.empty()) return std::nullopt;
            return found.front();
        });
    }

    Result<std::vector<Reference>> references(std::optional<BlobKey> after, std::uint32_t limit) override {
        return pool_.read([&](Connection& connection) -> Result<std::vector<Reference>> {
            TRY_ASSIGN(Answer answer, connection.query(sql::references, after.value_or(BlobKey{}), limit));
            return read_all(std::move(answer), &read_reference);
        });
    }

  private:
    template <class... Values>
    Status run_one(std::string_view statement, std::span<const BlobKey> keys, const Values&... values) {
        if (keys.empty()) return {};
        return pool_.write_one([&](Connection& connection) -> Status {
            TRY(connection.run(statement, keys, values...));
            return {};
        });
    }

    Pool& pool_;
};

}  // namespace

std::unique_ptr<BlobLedger> make_ledger(Pool& pool) {
    return std::make_unique<Ledger>(pool);
}

}  // namespace safelight::postgres
