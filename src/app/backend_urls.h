// Which backends the URLs of the configuration choose, and how these are set up.
#pragma once

#include <variant>

#include "app/config.h"
#include "base/result.h"
#include "blobs/filesystem/filesystem_store.h"
#include "blobs/s3/s3_store.h"
#include "catalog/postgres/postgres_catalog.h"
#include "catalog/sqlite/sqlite_catalog.h"
#include "queue/catalog/catalog_queue.h"
#include "queue/redis/redis_queue.h"

namespace safelight::app {

using CatalogChoice = std::variant<SqliteConfig, PostgresConfig>;
using QueueChoice = std::variant<CatalogQueueConfig, RedisQueueConfig>;
using BlobsChoice = std::variant<FilesystemConfig, S3Config>;

/// Errors of all three: invalid_argument; the text names the variable, and repeats no URL that may hold a
/// password.
[[nodiscard]] Result<CatalogChoice> chosen_catalog(const Config& config);
[[nodiscard]] Result<QueueChoice> chosen_queue(const Config& config);
[[nodiscard]] Result<BlobsChoice> chosen_blobs(const Config& config);

/// A setting's value for people: passwords of URLs and secrets are "***".
[[nodiscard]] std::string without_password(std::string_view value);

}  // namespace safelight::app
