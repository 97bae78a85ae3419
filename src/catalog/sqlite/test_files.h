// Folders and raw SQL for the tests of this room.
#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/testing/temporary_folder.h"
#include "catalog/sqlite/functions.h"
#include "catalog/sqlite/sqlite_catalog.h"

namespace safelight::sqlite {

/// A folder of its own, removed at the end.
class DatabaseFolder : public TemporaryFolder {
  public:
    [[nodiscard]] std::string file() const { return (path() / "catalog.db").string(); }
};

/// Of the database in the folder.
[[nodiscard]] inline SqliteConfig config_of(const DatabaseFolder& folder) {
    SqliteConfig config;
    config.path = folder.file();
    return config;
}

/// A connection beside ours, with nothing of our code in it but the functions that our SQL calls.
class RawDatabase {
  public:
    explicit RawDatabase(const std::string& path) {
        if (sqlite3_open(path.c_str(), &handle_) != SQLITE_OK) throw std::runtime_error("sqlite3_open");
        sqlite3_extended_result_codes(handle_, 1);
        if (add_functions(handle_) != SQLITE_OK) throw std::runtime_error("add_functions");
        must("PRAGMA foreign_keys = ON");
    }
    ~RawDatabase() { sqlite3_close(handle_); }
    RawDatabase(const RawDatabase&) = delete;
    RawDatabase& operator=(const RawDatabase&) = delete;

    [[nodiscard]] int run(const std::string& sql) {
        return sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
    }
    void must(const std::string& sql) {
        if (run(sql) != SQLITE_OK) throw std::runtime_error(sql + ": " + sqlite3_errmsg(handle_));
    }
    /// One column of every row.
    [[nodiscard]] std::vector<std::string> column(std::string_view sql, int number = 0) {
        sqlite3_stmt* statement = nullptr;
        if (sqlite3_prepare_v2(handle_, sql.data(), static_cast<int>(sql.size()), &statement, nullptr) !=
            SQLITE_OK) {
            throw std::runtime_error(std::string(sql) + ": " + sqlite3_errmsg(handle_));
        }
        std::vector<std::string> values;
        while (sqlite3_step(statement) == SQLITE_ROW) {
            const unsigned char* text = sqlite3_column_text(statement, number);
            values.emplace_back(text == nullptr ? "" : reinterpret_cast<const char*>(text));
        }
        sqlite3_finalize(statement);
        return values;
    }
    [[nodiscard]] std::string value(std::string_view sql) {
        const auto values = column(sql);
        return values.empty() ? "" : values.front();
    }

  private:
    sqlite3* handle_ = nullptr;
};

}  // namespace safelight::sqlite
