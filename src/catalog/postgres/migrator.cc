// What a step of a migration is on PostgreSQL.
#include <utility>

#include "catalog/postgres/migrations.h"
#include "catalog/sql/migrator.h"

namespace safelight {
namespace postgres {
namespace {

class PostgresSchema final : public VersionedSchema {
  public:
    explicit PostgresSchema(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}

    Result<std::uint32_t> version() override { return schema_version(*connection_); }

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
        return {};
    }

    Status apply(const Migration& migration, Timestamp now) override {
        TRY(connection_->script(migration.up));
        TRY(connection_->run("INSERT INTO schema_migrations (version, name, applied_at) VALUES ($1, $2, $3)",
                             migration.version, std::string_view{migration.name}, now));
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

ConnectionOptions standby_options(const PostgresConfig& config) {
    ConnectionOptions options = options_of(config);
    options.url = config.read_url;
    options.writes = false;
    return options;
}

}  // namespace postgres

Result<std::unique_ptr<Migrator>> make_postgres_migrator(const PostgresConfig& config, const Clock& clock) {
    TRY(config.validate());
    postgres::ConnectionOptions options = postgres::options_of(config);
    options.statement_timeout = config.migration_timeout;
    options.lock_timeout = config.migration_timeout;
    TRY_ASSIGN(auto connection, postgres::Connection::open(options));
    return make_migrator(std::make_unique<postgres::PostgresSchema>(std::move(connection)),
                         postgres::migrations(), clock);
}

}  // namespace safelight
