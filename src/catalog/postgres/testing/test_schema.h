// For the tests of this room: a schema of one's own on the server that ./test starts, and raw SQL.
#pragma once

#include <libpq-fe.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "catalog/postgres/postgres_catalog.h"

namespace safelight::postgres {

/// Of the server that ./test starts. Throws when there is none.
[[nodiscard]] std::string test_server_url();

/// A connection beside ours, with nothing of our code in it.
class RawDatabase {
  public:
    explicit RawDatabase(const std::string& url);

    /// Returns the SQLSTATE; empty when all is well.
    [[nodiscard]] std::string run(const std::string& sql);
    void must(const std::string& sql);
    /// One column of every row, as text.
    [[nodiscard]] std::vector<std::string> column(const std::string& sql, int number = 0);
    /// The first column of the first row; empty when there is none.
    [[nodiscard]] std::string value(const std::string& sql);

  private:
    std::unique_ptr<PGconn, decltype(&PQfinish)> handle_;
};

/// A schema on a server; dropped at the end.
class TestSchema {
  public:
    explicit TestSchema(std::string server_url = test_server_url());
    ~TestSchema();
    TestSchema(const TestSchema&) = delete;
    TestSchema& operator=(const TestSchema&) = delete;

    /// Whoever connects by it has this schema alone in the path, and its name as that of the application.
    [[nodiscard]] std::string url() const { return url_of(server_url_); }
    /// The same on another server, e.g. a standby.
    [[nodiscard]] std::string url_of(const std::string& server_url) const;
    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] PostgresConfig config() const;

    /// Connections of ours that match, by a condition on pg_stat_activity.
    [[nodiscard]] std::string ours(const std::string& condition = "true") const;

  private:
    std::string server_url_;
    std::string name_;
};

/// Until `condition` holds; throws after a generous while.
void wait_until(const std::function<bool()>& condition, const std::string& what);

/// A job that could be created, with two variants "a" and "b".
[[nodiscard]] Job job_of(IdGenerator& ids, BlobKey blob, Timestamp now);

}  // namespace safelight::postgres
