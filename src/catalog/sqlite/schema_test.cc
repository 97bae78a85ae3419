// SQLite through the suites of every schema.
#include "catalog/conformance/schema_suite.h"
#include "catalog/sqlite/sqlite_catalog.h"
#include "catalog/sqlite/test_files.h"

namespace safelight::sqlite {
namespace {

class SqliteSchemaUnderTest final : public SchemaUnderTest {
  public:
    Result<std::unique_ptr<Migrator>> migrator(const Clock& clock) override {
        return make_sqlite_migrator(config_of(folder_), clock);
    }
    Result<std::unique_ptr<CatalogDatabase>> open() override {
        return open_sqlite_catalog(config_of(folder_));
    }
    Result<std::unique_ptr<CatalogDatabase>> migrate_and_open(const Clock& clock) override {
        return migrate_and_open_sqlite_catalog(config_of(folder_), clock);
    }

    Outcome run(const std::string& sql) override {
        const int code = RawDatabase(folder_.file()).run(sql);
        if (code == SQLITE_OK) return Outcome::done;
        return (code & 0xff) == SQLITE_CONSTRAINT ? Outcome::refused : Outcome::failed;
    }
    std::string value(const std::string& sql) override { return RawDatabase(folder_.file()).value(sql); }
    std::string id(const std::string& hex) const override { return "x'" + hex + "'"; }
    std::string bytes(const std::string& hex) const override { return "x'" + hex + "'"; }

    std::string contents() override {
        std::string all;
        for (const auto& sql :
             RawDatabase(folder_.file()).column("SELECT sql FROM sqlite_schema ORDER BY name"))
            all += sql + "\n";
        return all;
    }
    std::vector<std::string> names() override {
        return RawDatabase(folder_.file())
            .column("SELECT name FROM sqlite_schema WHERE type <> 'index' AND name NOT LIKE 'sqlite_%'");
    }

  private:
    DatabaseFolder folder_;
};

const SchemaBackend sqlite_schema{"sqlite", [] { return std::make_unique<SqliteSchemaUnderTest>(); }};

INSTANTIATE_TEST_SUITE_P(Sqlite, SchemaConformance, testing::Values(sqlite_schema), schema_name);
INSTANTIATE_TEST_SUITE_P(Sqlite, NewerRerenderConformance, testing::Values(sqlite_schema), schema_name);
INSTANTIATE_TEST_SUITE_P(Sqlite, MigrationConformance, testing::Values(sqlite_schema), schema_name);

}  // namespace
}  // namespace safelight::sqlite
