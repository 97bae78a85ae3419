// What a database has to do with migrations that say who can work with the schema after them.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <memory>
#include <span>

#include "base/clock.h"
#include "catalog/sql/migrator.h"

namespace safelight {

/// `schema` opens the same database each time; it is empty at first.
inline void expect_compatibility_is_noted(
    const std::function<Result<std::unique_ptr<VersionedSchema>>()>& schema) {
    static constexpr std::array<Migration, 4> migrations{{
        {1, 1, "0001_first", "CREATE TABLE a (x integer)", "DROP TABLE a"},
        {2, 1, "0002_expands", "CREATE TABLE b (x integer)", "DROP TABLE b"},
        {3, 3, "0003_contracts", "DROP TABLE a", "CREATE TABLE a (x integer)"},
        {4, 1, "0004_expands", "CREATE TABLE c (x integer)", "DROP TABLE c"},
    }};
    const SystemClock clock;
    const auto program = [&](std::size_t knows) {
        return make_migrator(schema().value(), std::span(migrations).first(knows), clock);
    };

    ASSERT_TRUE(program(2)->up());
    const auto status = program(1)->status();
    ASSERT_TRUE(status) << "the second migration lets the first program go on";
    EXPECT_EQ(status->version, 2U);
    EXPECT_EQ(status->compatible_from, 1U);
    EXPECT_TRUE(status->pending.empty());
    EXPECT_EQ(program(1)->up()->size(), 0U);
    EXPECT_EQ(program(1)->down(1).error().code, ErrorCode::conflict) << "it does not know what to undo";

    ASSERT_TRUE(program(4)->up());
    EXPECT_EQ(program(4)->status()->compatible_from, 3U) << "the strictest of them counts, not the newest";
    EXPECT_TRUE(program(3)->status());
    EXPECT_EQ(program(2)->status().error().code, ErrorCode::conflict);
    EXPECT_EQ(program(2)->up().error().code, ErrorCode::conflict);

    ASSERT_TRUE(program(4)->down(2));
    EXPECT_EQ(program(1)->status()->compatible_from, 1U) << "taken back with the migration";
}

}  // namespace safelight
