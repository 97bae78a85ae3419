// What a step of a migration is on SQLite.
#include <utility>

#include "catalog/sql/migrator.h"
#include "catalog/sqlite/database_file.h"
#include "catalog/sqlite/migrations.h"

namespace safelight {
namespace sqlite {
namespace {

class SqliteSchema final : public VersionedSchema {
  public:
    explicit SqliteSchema(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}

    Result<std::uint32_t> version() override { return schema_version(*connection_); }

    /// Takes the lock of whoever writes.
    Status begin() override { return run("BEGIN IMMEDIATE"); }
    Status commit() override { return run("COMMIT"); }
    void roll_back() override { connection_->roll_back(); }

    Status prepare() override {
        return connection_->script(
            "CREATE TABLE IF NOT EXISTS schema_migrations (version INTEGER PRIMARY KEY,"
            " name TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT");
    }

    Status apply(const Migration& migration, Timestamp now) override {
        TRY(connection_->script(migration.up));
        return run("INSERT INTO schema_migrations (version, name, applied_at) VALUES ($1, $2, $3)",
                   migration.version, std::string_view{migration.name}, now);
    }

    Status undo(const Migration& migration) override {
        TRY(connection_->script(migration.down));
        return run("DELETE FROM schema_migrations WHERE version = $1", migration.version);
    }

  private:
    template <class... Values>
    Status run(std::string_view text, const Values&... values) {
        TRY(connection_->run(text, values...));
        return {};
    }

    const std::unique_ptr<Connection> connection_;
};

}  // namespace
}  // namespace sqlite

Result<std::unique_ptr<Migrator>> make_sqlite_migrator(const SqliteConfig& config, const Clock& clock) {
    TRY(config.validate());
    TRY(sqlite::create_file(config.path));
    TRY_ASSIGN(auto connection, sqlite::Connection::open(sqlite::writer_options(config)));
    return make_migrator(std::make_unique<sqlite::SqliteSchema>(std::move(connection)), sqlite::migrations(),
                         clock);
}

}  // namespace safelight
