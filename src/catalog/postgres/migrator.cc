// Versioned migrations: each in a transaction of its own, together with the row that says it was applied, and
// with a lock that only migrations of this schema take.
#include <utility>

#include "catalog/postgres/migrations.h"

namespace safelight {
namespace postgres {
namespace {

class PostgresMigrator final : public Migrator {
  public:
    PostgresMigrator(std::unique_ptr<Connection> connection, const Clock& clock)
        : connection_(std::move(connection)), clock_(clock) {}

    Result<MigrationStatus> status() override {
        TRY_ASSIGN(const std::uint32_t version, schema_version(*connection_));
        const std::uint32_t newest = newest_version(migrations());
        TRY(refuse_newer(version, newest));
        MigrationStatus status{.version = version, .newest_version = newest, .pending = {}};
        for (const Migration& migration : migrations()) {
            if (migration.version > version) status.pending.emplace_back(migration.name);
        }
        return status;
    }

    Result<std::vector<std::string>> up() override {
        std::vector<std::string> applied;
        while (true) {
            TRY_ASSIGN(const Migration* migration, in_transaction([this] { return step_up(); }));
            if (migration == nullptr) return applied;
            applied.emplace_back(migration->name);
        }
    }

    Result<std::vector<std::string>> down(std::uint32_t steps) override {
        std::vector<std::string> undone;
        for (; steps > 0; --steps) {
            TRY_ASSIGN(const Migration* migration, in_transaction([this] { return step_down(); }));
            if (migration == nullptr) break;
            undone.emplace_back(migration->name);
        }
        return undone;
    }

  private:
    /// The version is read inside of the transaction that changes it, once nobody else can.
    template <class Step>
    Result<const Migration*> in_transaction(Step step) {
        TRY(connection_->begin());
        Result<const Migration*> outcome = lock();
        if (outcome) outcome = step();
        if (outcome) {
            if (auto committed = connection_->commit(); !committed) outcome = forward(std::move(committed));
        }
        connection_->roll_back();
        return outcome;
    }

    Result<const Migration*> lock() {
        TRY(
            connection_->query("SELECT pg_advisory_xact_lock(hashtextextended('safelight migrations of ' || "
                               "current_schema(), 0))"));
        return nullptr;
    }

    /// Null when there is nothing left to do.
    Result<const Migration*> step_up() {
        TRY(
            connection_->script("CREATE TABLE IF NOT EXISTS schema_migrations (version integer PRIMARY KEY,"
                                " name text NOT NULL, applied_at bigint NOT NULL)"));
        TRY_ASSIGN(const std::uint32_t version, schema_version(*connection_));
        const auto all = migrations();
        TRY(refuse_newer(version, newest_version(all)));
        if (version == all.size()) return nullptr;
        const Migration& migration = all[version];
        TRY(connection_->script(migration.up));
        TRY(connection_->run("INSERT INTO schema_migrations (version, name, applied_at) VALUES ($1, $2, $3)",
                             migration.version, std::string_view{migration.name}, clock_.now()));
        return &migration;
    }

    Result<const Migration*> step_down() {
        TRY_ASSIGN(const std::uint32_t version, schema_version(*connection_));
        TRY(refuse_newer(version, newest_version(migrations())));
        if (version == 0) return nullptr;
        const Migration& migration = migrations()[version - 1];
        TRY(connection_->script(migration.down));
        TRY(connection_->run("DELETE FROM schema_migrations WHERE version = $1", migration.version));
        return &migration;
    }

    std::unique_ptr<Connection> connection_;
    const Clock& clock_;
};

}  // namespace

Result<std::uint32_t> schema_version(Connection& connection) {
    {
        TRY_ASSIGN(Answer table, connection.query("SELECT to_regclass('schema_migrations') IS NOT NULL"));
        if (!table.next() || table.integer(0) == 0) return 0;
    }
    TRY_ASSIGN(Answer answer, connection.query("SELECT coalesce(max(version), 0) FROM schema_migrations"));
    return answer.next() ? static_cast<std::uint32_t>(answer.integer(0)) : 0;
}

ConnectionOptions options_of(const PostgresConfig& config) {
    return {.url = config.url,
            .writes = true,
            .connect_timeout = config.connect_timeout,
            .statement_timeout = config.statement_timeout,
            .lock_timeout = config.lock_timeout};
}

}  // namespace postgres

Result<std::unique_ptr<Migrator>> make_postgres_migrator(const PostgresConfig& config, const Clock& clock) {
    TRY(config.validate());
    postgres::ConnectionOptions options = postgres::options_of(config);
    options.statement_timeout = config.migration_timeout;
    options.lock_timeout = config.migration_timeout;
    TRY_ASSIGN(auto connection, postgres::Connection::open(options));
    return std::make_unique<postgres::PostgresMigrator>(std::move(connection), clock);
}

}  // namespace safelight
