#include "access/jwks_source.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "access/jwt_keys.h"
#include "catalog/sqlite/test_files.h"

namespace safelight {
namespace {

class JwksFileTest : public ::testing::Test {
  protected:
    [[nodiscard]] Result<std::string> read() const { return make_jwks_source(path_)->read(); }
    void write(const std::string& text) const { std::ofstream(path_) << text; }

    sqlite::DatabaseFolder folder_;
    const std::string path_ = folder_.file() + ".jwks";
};

TEST_F(JwksFileTest, IsReadAsItIsNow) {
    write("one");
    EXPECT_EQ(read(), "one");
    write("");
    EXPECT_EQ(read(), "");
}

TEST_F(JwksFileTest, ThatIsNotThereOrTooLongIsToldOf) {
    EXPECT_EQ(read().error().code, ErrorCode::unavailable);
    EXPECT_NE(read().error().log_text.find(path_), std::string::npos);
    EXPECT_EQ(read().error().public_text.find(path_), std::string::npos) << "paths are for the log";
    write(std::string(jwks_bytes_max, ' '));
    EXPECT_TRUE(read());
    write(std::string(jwks_bytes_max + 1, ' '));
    EXPECT_FALSE(read());
    std::filesystem::remove(path_);
    std::filesystem::create_directory(path_);
    EXPECT_FALSE(read());
}

TEST(JwksUrl, WhereNobodyListensIsToldOf) {
    const auto source = make_jwks_source("http://127.0.0.1:9/jwks.json");
    EXPECT_EQ(source->read().error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace safelight
