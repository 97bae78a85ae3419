#include "catalog/sql/schema_version.h"

#include <gtest/gtest.h>

namespace safelight {
namespace {

constexpr std::uint32_t newest = 7;

TEST(SchemaVersion, IsUsableWhenTheProgramKnowsIt) {
    EXPECT_TRUE(require_usable({.version = 7, .compatible_from = 7}, newest));
    EXPECT_TRUE(require_usable({.version = 7, .compatible_from = 3}, newest));
}

TEST(SchemaVersion, IsUsableWhenItIsNewerAndCompatible) {
    EXPECT_TRUE(require_usable({.version = 9, .compatible_from = 7}, newest));
    EXPECT_TRUE(require_usable({.version = 9, .compatible_from = 2}, newest));
    EXPECT_TRUE(refuse_incompatible({.version = 9, .compatible_from = 7}, newest));
    EXPECT_FALSE(refuse_newer({.version = 9, .compatible_from = 7}, newest));
}

TEST(SchemaVersion, IsRefusedWithWhatToDo) {
    const Status newer = require_usable({.version = 9, .compatible_from = 8}, newest);
    ASSERT_FALSE(newer);
    EXPECT_EQ(newer.error().code, ErrorCode::conflict);
    EXPECT_EQ(newer.error().public_text,
              "The catalog's schema has version 9, which needs a program that knows version 8, and this one "
              "knows versions up to 7. Use the newer program, or take the schema back with its `safelight "
              "migrate down`.");
    EXPECT_EQ(refuse_incompatible({.version = 9, .compatible_from = 8}, newest), newer);

    const Status older = require_usable({.version = 6, .compatible_from = 6}, newest);
    ASSERT_FALSE(older);
    EXPECT_EQ(older.error().code, ErrorCode::conflict);
    EXPECT_NE(older.error().public_text.find("safelight migrate up"), std::string::npos);
    EXPECT_TRUE(refuse_newer({.version = 6, .compatible_from = 6}, newest));
}

}  // namespace
}  // namespace safelight
