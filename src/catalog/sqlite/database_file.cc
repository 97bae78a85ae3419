#include "catalog/sqlite/database_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace safelight::sqlite {
namespace {

std::unexpected<Error> file_error(const std::string& doing, int system_error) {
    const bool full = system_error == ENOSPC || system_error == EDQUOT;
    return failure(full ? ErrorCode::storage_full : ErrorCode::unavailable,
                   full ? "No space is left to store this." : "The catalog cannot be reached at the moment.",
                   fmt::format("{}: {}", doing, std::strerror(system_error)));
}

/// Makes the new name durable.
Status sync_folder_of(const std::string& path) {
    const std::filesystem::path parent = std::filesystem::path(path).parent_path();
    const std::string folder = parent.empty() ? "." : parent.string();
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return file_error("open " + folder, errno);
    const int outcome = ::fsync(descriptor);
    const int system_error = errno;
    ::close(descriptor);
    if (outcome != 0) return file_error("fsync " + folder, system_error);
    return {};
}

ConnectionOptions options_of(const SqliteConfig& config) {
    ConnectionOptions options;
    options.path = config.path;
    options.vfs = config.vfs;
    options.busy_timeout = config.busy_timeout;
    options.checkpoint_pages = config.checkpoint_pages;
    return options;
}

}  // namespace

Status create_file(const std::string& path) {
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (descriptor < 0) {
        if (errno == EEXIST) return {};
        return file_error("create " + path, errno);
    }
    ::close(descriptor);
    return sync_folder_of(path);
}

ConnectionOptions writer_options(const SqliteConfig& config) {
    ConnectionOptions options = options_of(config);
    options.cache_kib = config.writer_cache_kib;
    options.writes = true;
    return options;
}

ConnectionOptions reader_options(const SqliteConfig& config) {
    ConnectionOptions options = options_of(config);
    options.cache_kib = config.reader_cache_kib;
    return options;
}

Result<SchemaVersion> schema_version(Connection& connection) {
    {
        TRY_ASSIGN(Query query, connection.query("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND"
                                                 " name = 'schema_migrations'"));
        TRY_ASSIGN(const bool found, query.next());
        if (!found) return SchemaVersion{};
    }
    TRY_ASSIGN(const bool noted, notes_compatibility(connection));
    TRY_ASSIGN(Query query, connection.query(noted ? sql::schema_version : sql::schema_version_without_note));
    TRY_ASSIGN(const bool found, query.next());
    if (!found) return SchemaVersion{};
    Columns columns{query};
    return read_schema_version(columns);
}

Result<bool> notes_compatibility(Connection& connection) {
    TRY_ASSIGN(Query query, connection.query("SELECT 1 FROM pragma_table_info('schema_migrations')"
                                             " WHERE name = 'compatible_from'"));
    return query.next();
}

}  // namespace safelight::sqlite
