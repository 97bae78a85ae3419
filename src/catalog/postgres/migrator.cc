// What a step of a migration is on PostgreSQL.
#include <utility>

#include "catalog/postgres/migrations.h"

namespace safelight {
namespace postgres {
namespace {

/// Whether it is noted of each migration who can work with it; false as well without a table of them.
Result<bool> notes_compatibility(Connection& connection) {
    TRY_ASSIGN(Answer column,
               connection.query("SELECT FROM pg_attribute WHERE attrelid = to_regclass('schema_migrations')"
                                " AND attname = 'compatible_from' AND NOT attisdropped"));
    return column.next();
}

class PostgresSchema final : public VersionedSchema {
  public:
    explicit PostgresSchema(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}

    Result<SchemaVersion> version() override { return schema_version(*connection_); }

    /// Takes a lock that only migrations of this schema take.
    Status begin() override {
        connection_->begin();
        if (auto locked = lock(); !locked) {
            connection_->roll_back();
            return locked;
        }
        return {};
    }
    Status commit() override { return connection_->commit(); }
    void roll_back() override { connection_->roll_back(); }

    Status prepare() override {
        TRY(
            connection_->script("CREATE TABLE IF NOT EXISTS schema_migrations (version integer PRIMARY KEY,"
                                " name text NOT NULL, applied_at bigint NOT NULL)"));
        TRY_ASSIGN(const bool noted, notes_compatibility(*connection_));
        // Only then: the table is locked for it, and who starts meanwhile reads it.
        if (!noted) TRY(connection_->run(sql::note_compatibility));
        return {};
    }

    Status apply(const Migration& migration, Timestamp now) override {
        TRY(connection_->script(migration.up));
        TRY(connection_->run(sql::note_migration, migration.version, std::string_view{migration.name}, now,
                             migration.compatible_from));
        return {};
    }

    Status undo(const Migration& migration) override {
        TRY(connection_->script(migration.down));
        TRY(connection_->run("DELETE FROM schema_migrations WHERE version = $1", migration.version));
        return {};
    }

  private:
    Status lock() {
        TRY(
            connection_->query("SELECT pg_advisory_xact_lock(hashtextextended('safelight migrations of ' || "
                               "current_schema(), 0))"));
        return {};
    }

    const std::unique_ptr<Connection> connection_;
};

}  // namespace

Result<SchemaVersion> schema_version(Connection& connection) {
    {
        TRY_ASSIGN(Answer table, connection.query("SELECT to_regclass('schema_migrations') IS NOT NULL"));
        if (!table.next() || table.integer(0) == 0) return SchemaVersion{};
    }
    TRY_ASSIGN(const bool noted, notes_compatibility(connection));
    TRY_ASSIGN(Answer answer,
               connection.query(noted ? sql::schema_version : sql::schema_version_without_note));
    if (!answer.next()) return SchemaVersion{};
    Columns columns{answer};
    return read_schema_version(columns);
}

Result<std::unique_ptr<VersionedSchema>> open_schema(const PostgresConfig& config) {
    TRY(config.validate());
    ConnectionOptions options = options_of(config);
    options.statement_timeout = config.migration_timeout;
    options.lock_timeout = config.migration_timeout;
    TRY_ASSIGN(auto connection, Connection::open(options));
    return std::make_unique<PostgresSchema>(std::move(connection));
}

ConnectionOptions options_of(const PostgresConfig& config) {
    return {.url = config.url,
            .writes = true,
            .connect_timeout = config.connect_timeout,
            .statement_timeout = config.statement_timeout,
            .lock_timeout = config.lock_timeout};
}

ConnectionOptions standby_options(const PostgresConfig& config) {
    ConnectionOptions options = options_of(config);
    options.url = config.read_url;
    options.writes = false;
    return options;
}

}  // namespace postgres

Result<std::unique_ptr<Migrator>> make_postgres_migrator(const PostgresConfig& config, const Clock& clock) {
    TRY_ASSIGN(auto schema, postgres::open_schema(config));
    return make_migrator(std::move(schema), postgres::migrations(), clock);
}

}  // namespace safelight
