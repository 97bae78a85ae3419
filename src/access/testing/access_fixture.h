// Keys over a real catalog.
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "access/access_control.h"
#include "access/key_ring.h"
#include "base/ids.h"
#include "catalog/records.h"
#include "catalog/sqlite/sqlite_catalog.h"
#include "catalog/sqlite/test_files.h"
#include "telemetry/log.h"

namespace safelight::testing {

class AccessFixture : public ::testing::Test {
  protected:
    IssuedKey issue(Scopes scopes, AccountId account = default_account()) {
        return ring_.issue({account, "a key", scopes, {}}).value();
    }
    [[nodiscard]] Accounts& accounts() { return database_->accounts(); }

    static SqliteConfig config_in(const sqlite::DatabaseFolder& folder) {
        SqliteConfig config;
        config.path = folder.file();
        return config;
    }

    ManualClock clock_{Timestamp{Milliseconds{1'795'000'000'000}}};
    IdGenerator ids_{clock_};
    sqlite::DatabaseFolder folder_;
    std::unique_ptr<CatalogDatabase> database_ =
        migrate_and_open_sqlite_catalog(config_in(folder_), clock_).value();
    std::unique_ptr<telemetry::Logger> log_ = telemetry::make_silent_logger();
    AccessControl control_{{}, database_->accounts(), clock_, *log_};
    KeyRing ring_{database_->accounts(), ids_, clock_};
};

}  // namespace safelight::testing
