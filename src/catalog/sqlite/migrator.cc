// What a step of a migration is on SQLite.
#include <utility>

#include "catalog/sqlite/database_file.h"
#include "catalog/sqlite/migrations.h"

namespace safelight {
namespace sqlite {
namespace {

class SqliteSchema final : public VersionedSchema {
  public:
    explicit SqliteSchema(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}

    Result<SchemaVersion> version() override { return schema_version(*connection_); }

    /// Takes the lock of whoever writes.
    Status begin() override { return run("BEGIN IMMEDIATE"); }
    Status commit() override { return run("COMMIT"); }
    void roll_back() override { connection_->roll_back(); }

    Status prepare() override {
        TRY(
            connection_->script("CREATE TABLE IF NOT EXISTS schema_migrations (version INTEGER PRIMARY KEY,"
                                " name TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT"));
        TRY_ASSIGN(const bool noted, notes_compatibility(*connection_));
        if (noted) return {};
        return run(sql::note_compatibility);
    }

    Status apply(const Migration& migration, Timestamp now) override {
        TRY(connection_->script(migration.up));
        return run(sql::note_migration, migration.version, std::string_view{migration.name}, now,
                   migration.compatible_from);
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

Result<std::unique_ptr<VersionedSchema>> open_schema(const SqliteConfig& config) {
    TRY(config.validate());
    TRY(create_file(config.path));
    TRY_ASSIGN(auto connection, Connection::open(writer_options(config)));
    return std::make_unique<SqliteSchema>(std::move(connection));
}

}  // namespace sqlite

Result<std::unique_ptr<Migrator>> make_sqlite_migrator(const SqliteConfig& config, const Clock& clock) {
    TRY_ASSIGN(auto schema, sqlite::open_schema(config));
    return make_migrator(std::move(schema), sqlite::migrations(), clock);
}

}  // namespace safelight
