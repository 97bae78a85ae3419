// PostgreSQL through the suites of every schema.
#include "catalog/conformance/schema_suite.h"
#include "catalog/postgres/postgres_catalog.h"
#include "catalog/postgres/testing/test_schema.h"

namespace safelight::postgres {
namespace {

class PostgresSchemaUnderTest final : public SchemaUnderTest {
  public:
    Result<std::unique_ptr<Migrator>> migrator(const Clock& clock) override {
        return make_postgres_migrator(schema_.config(), clock);
    }
    Result<std::unique_ptr<CatalogDatabase>> open() override {
        return open_postgres_catalog(schema_.config());
    }
    Result<std::unique_ptr<CatalogDatabase>> migrate_and_open(const Clock& clock) override {
        return migrate_and_open_postgres_catalog(schema_.config(), clock);
    }

    /// Refused: a constraint is violated, or the value is none of the column's type.
    Outcome run(const std::string& sql) override {
        const std::string sqlstate = raw_.run(sql);
        if (sqlstate.empty()) return Outcome::done;
        return sqlstate.starts_with("23") || sqlstate.starts_with("22") ? Outcome::refused : Outcome::failed;
    }
    std::string value(const std::string& sql) override { return raw_.value(sql); }
    std::string id(const std::string& hex) const override { return "'" + hex + "'"; }
    std::string bytes(const std::string& hex) const override { return "'\\x" + hex + "'"; }

    /// Everything by kind and name, and what columns and constraints say.
    std::string contents() override {
        const std::string here = "(SELECT oid FROM pg_namespace WHERE nspname = '" + schema_.name() + "')";
        std::string all;
        for (const auto& line : raw_.column(
                 "SELECT relkind::text || relname::text FROM pg_class"
                 " WHERE relkind <> 'i' AND relnamespace = " +
                 here +
                 " UNION ALL SELECT pg_get_indexdef(oid) FROM pg_class WHERE relkind = 'i' AND relnamespace "
                 "= " +
                 here +
                 " UNION ALL SELECT attname || format_type(atttypid, atttypmod) || attnotnull::text FROM "
                 "pg_attribute"
                 " JOIN pg_class ON pg_class.oid = attrelid WHERE attnum > 0 AND NOT attisdropped AND "
                 "relkind = 'r' AND "
                 "relnamespace = " +
                 here +
                 " UNION ALL SELECT conname || pg_get_constraintdef(oid) FROM pg_constraint WHERE "
                 "connamespace = " +
                 here +
                 " UNION ALL SELECT pg_get_triggerdef(pg_trigger.oid) FROM pg_trigger JOIN pg_class ON "
                 "pg_class.oid = tgrelid"
                 " WHERE NOT tgisinternal AND relnamespace = " +
                 here + " UNION ALL SELECT proname || prosrc FROM pg_proc WHERE pronamespace = " + here +
                 " ORDER BY 1")) {
            all += line + "\n";
        }
        return all;
    }
    std::vector<std::string> names() override {
        return raw_.column(
            "SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace"
            " WHERE nspname = '" +
            schema_.name() +
            "' AND relkind <> 'i'"
            " UNION ALL SELECT proname FROM pg_proc JOIN pg_namespace ON pg_namespace.oid = pronamespace"
            " WHERE nspname = '" +
            schema_.name() + "'");
    }

  private:
    TestSchema schema_;
    RawDatabase raw_{schema_.url()};
};

const SchemaBackend postgres_schema{"postgres", [] { return std::make_unique<PostgresSchemaUnderTest>(); }};

INSTANTIATE_TEST_SUITE_P(Postgres, SchemaConformance, testing::Values(postgres_schema), schema_name);
INSTANTIATE_TEST_SUITE_P(Postgres, NewerRerenderConformance, testing::Values(postgres_schema), schema_name);
INSTANTIATE_TEST_SUITE_P(Postgres, MigrationConformance, testing::Values(postgres_schema), schema_name);

}  // namespace
}  // namespace safelight::postgres
