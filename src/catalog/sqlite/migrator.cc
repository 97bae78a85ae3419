// Versioned migrations: each in a transaction of its own, together with the row that says it was applied.
#include <utility>

#include "catalog/sqlite/database_file.h"
#include "catalog/sqlite/migrations.h"

namespace safelight {
namespace sqlite {
namespace {

class SqliteMigrator final : public Migrator {
  public:
    SqliteMigrator(std::unique_ptr<Connection> connection, const Clock& clock)
        : connection_(std::move(connection)), clock_(clock) {}

    Result<MigrationStatus> status() override {
        TRY_ASSIGN(const std::uint32_t version, schema_version(*connection_));
        TRY(refuse_newer(version, newest_version(migrations())));
        MigrationStatus status{
            .version = version, .newest_version = newest_version(migrations()), .pending = {}};
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
    /// The version is read inside of the transaction that changes it: two processes may start at once.
    template <class Step>
    Result<const Migration*> in_transaction(Step step) {
        TRY(connection_->run("BEGIN IMMEDIATE"));
        Result<const Migration*> outcome = step();
        if (!outcome) {
            connection_->roll_back();
            return outcome;
        }
        if (auto committed = connection_->run("COMMIT"); !committed) {
            connection_->roll_back();
            return forward(std::move(committed));
        }
        return outcome;
    }

    /// Null when there is nothing left to do.
    Result<const Migration*> step_up() {
        TRY(
            connection_->script("CREATE TABLE IF NOT EXISTS schema_migrations (version INTEGER PRIMARY KEY,"
                                " name TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT"));
        TRY_ASSIGN(const std::uint32_t version, schema_version(*connection_));
        TRY(refuse_newer(version, newest_version(migrations())));
        const auto all = migrations();
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
}  // namespace sqlite

Result<std::unique_ptr<Migrator>> make_sqlite_migrator(const SqliteConfig& config, const Clock& clock) {
    TRY(config.validate());
    TRY(sqlite::create_file(config.path));
    TRY_ASSIGN(auto connection, sqlite::Connection::open(sqlite::writer_options(config)));
    return std::make_unique<sqlite::SqliteMigrator>(std::move(connection), clock);
}

}  // namespace safelight
