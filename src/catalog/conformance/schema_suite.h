// What the schema of every catalog in a database has to be: its laws hold against whoever writes SQL by hand,
// and it goes up and down version by version. For databases that speak SQL:
//
//   INSTANTIATE_TEST_SUITE_P(Sqlite, SchemaConformance, testing::Values(backend), schema_name);
//   INSTANTIATE_TEST_SUITE_P(Sqlite, NewerRerenderConformance, testing::Values(backend), schema_name);
//   INSTANTIATE_TEST_SUITE_P(Sqlite, MigrationConformance, testing::Values(backend), schema_name);
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "catalog/catalog.h"

namespace safelight {

/// One database for one test, without a schema at first; gone when this is destroyed. SQL goes to it past our
/// code.
class SchemaUnderTest {
  public:
    virtual ~SchemaUnderTest() = default;
    /// Any thread may call.
    [[nodiscard]] virtual Result<std::unique_ptr<Migrator>> migrator(const Clock& clock) = 0;
    [[nodiscard]] virtual Result<std::unique_ptr<CatalogDatabase>> open() = 0;
    [[nodiscard]] virtual Result<std::unique_ptr<CatalogDatabase>> migrate_and_open(const Clock& clock) = 0;

    enum class Outcome { done, refused, failed };  // refused: by a law of the schema
    [[nodiscard]] virtual Outcome run(const std::string& sql) = 0;
    /// The first column of the first row; empty when there is none.
    [[nodiscard]] virtual std::string value(const std::string& sql) = 0;
    /// How 16 bytes of an id, and any bytes, are written in SQL.
    [[nodiscard]] virtual std::string id(const std::string& hex) const = 0;
    [[nodiscard]] virtual std::string bytes(const std::string& hex) const = 0;

    /// All that the schema says, in any form that changes when it does.
    [[nodiscard]] virtual std::string contents() = 0;
    /// Of tables, and whatever else has a name of its own, but indexes.
    [[nodiscard]] virtual std::vector<std::string> names() = 0;
};

struct SchemaBackend {
    std::string name;
    std::function<std::unique_ptr<SchemaUnderTest>()> make;
};

[[nodiscard]] inline std::string schema_name(const testing::TestParamInfo<SchemaBackend>& info) {
    return info.param.name;
}

inline void PrintTo(const SchemaBackend& backend, std::ostream* out) {
    *out << backend.name;
}

/// The newest schema, with two live blobs (1, 2), an image (3) with the first of them, and its job (4) with
/// one pending variant "a".
class SchemaConformance : public testing::TestWithParam<SchemaBackend> {
  protected:
    SchemaConformance();

    void must(const std::string& sql);
    void expect_refused(const std::string& sql);
    [[nodiscard]] std::string value(const std::string& sql) { return under_test_->value(sql); }
    /// 16 bytes, all the same.
    [[nodiscard]] std::string id(int value) const;
    [[nodiscard]] std::string bytes(const std::string& hex) const { return under_test_->bytes(hex); }
    [[nodiscard]] std::string make_ready(int blob) const;
    [[nodiscard]] std::string insert_variant(int image, const std::string& name, int position) const;
    [[nodiscard]] std::string insert_rerender(const std::string& name,
                                              const std::string& transform = "{}") const;

    std::unique_ptr<SchemaUnderTest> under_test_ = GetParam().make();
};

/// Ready variants that wait to be made again: "a", by a transform that only a newer version knows, and those
/// that are added.
class NewerRerenderConformance : public SchemaConformance {
  protected:
    NewerRerenderConformance();

    /// "v1", "v2", …, each due after those before it.
    void add(std::string_view transform);
    [[nodiscard]] Rerenders& rerenders() { return database_->rerenders(); }
    [[nodiscard]] std::optional<RerenderClaim> take(Timestamp now) {
        return rerenders().claim(Milliseconds{1'000}, now).value().claim;
    }

  private:
    const std::unique_ptr<CatalogDatabase> database_ = under_test_->open().value();
    int added_ = 0;
};

class MigrationConformance : public testing::TestWithParam<SchemaBackend> {
  protected:
    [[nodiscard]] std::unique_ptr<Migrator> migrator() { return under_test_->migrator(clock_).value(); }

    ManualClock clock_{Timestamp{Milliseconds{1'795'000'000'000}}};
    std::unique_ptr<SchemaUnderTest> under_test_ = GetParam().make();
};

}  // namespace safelight
