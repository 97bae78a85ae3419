#include "app/backend_urls.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

namespace safelight::app {
namespace {

constexpr std::string_view read_variable = "SAFELIGHT_CATALOG_READ";

std::unexpected<Error> refuse(std::string_view variable, std::string_view reason) {
    return failure(ErrorCode::invalid_argument, fmt::format("{}: {}", variable, reason));
}

/// What a backend finds wrong with its part of the configuration, under the variable's name.
std::unexpected<Error> refuse(std::string_view variable, const Error& error) {
    std::string reasons;
    for (const Fault& fault : error.faults) {
        reasons += fmt::format("{}{}{}{}", reasons.empty() ? "" : " ", fault.pointer,
                               fault.pointer.empty() ? "" : ": ", fault.detail);
    }
    return refuse(variable, reasons.empty() ? error.public_text : reasons);
}

/// "sqlite:///var/lib/x" and "sqlite:relative" → the path behind the scheme.
Result<std::filesystem::path> path_of_url(std::string_view url, std::string_view scheme,
                                          std::string_view variable) {
    const auto refused = [&](std::string_view reason) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("{} is \"{}\": {}; it may be {}:///absolute/path or {}:relative/path.",
                                   variable, url, reason, scheme, scheme));
    };
    std::string_view path = url.substr(scheme.size() + 1);
    if (path.starts_with("//")) {
        path.remove_prefix(2);
        if (!path.starts_with('/')) return refused("a host makes no sense here");
    }
    if (path.empty() || path == "/") return refused("the path is missing");
    return std::filesystem::path(path);
}

bool has_scheme(std::string_view url, std::string_view scheme) {
    return url.starts_with(scheme) && url.substr(scheme.size()).starts_with(':');
}

bool is_postgres(std::string_view url) {
    return has_scheme(url, "postgres") || has_scheme(url, "postgresql");
}

Result<CatalogChoice> chosen_postgres(const Config& config) {
    PostgresConfig postgres;
    postgres.url = config.catalog_url;
    postgres.connections = config.catalog_connections;
    if (const Status valid = postgres.validate(); !valid) return refuse("SAFELIGHT_CATALOG", valid.error());
    postgres.read_url = config.catalog_read_url;
    const Status valid = postgres.validate();
    if (valid && (postgres.read_url.empty() || is_postgres(postgres.read_url))) return postgres;
    return refuse(read_variable, "it begins with postgres://, and is a URL that can be understood.");
}

}  // namespace

Result<CatalogChoice> chosen_catalog(const Config& config) {
    constexpr std::string_view variable = "SAFELIGHT_CATALOG";
    const std::string& url = config.catalog_url;
    if (is_postgres(url)) return chosen_postgres(config);
    if (!config.catalog_read_url.empty())
        return refuse(read_variable, "it goes with a catalog in PostgreSQL; see SAFELIGHT_CATALOG.");
    SqliteConfig sqlite;
    if (url.empty()) {
        sqlite.path = (config.data / "catalog.db").string();
        return sqlite;
    }
    if (!has_scheme(url, "sqlite"))
        return refuse(variable, "no such backend; it begins with sqlite: or postgres://.");
    TRY_ASSIGN(const auto path, path_of_url(url, "sqlite", variable));
    sqlite.path = path.string();
    return sqlite;
}

Result<QueueChoice> chosen_queue(const Config& config) {
    constexpr std::string_view variable = "SAFELIGHT_QUEUE";
    const std::string& url = config.queue_url;
    if (url == "catalog:") return CatalogQueueConfig{};
    if (!has_scheme(url, "redis") && !has_scheme(url, "rediss") && !has_scheme(url, "valkey"))
        return refuse(variable, "no such backend; it is catalog: or begins with redis://.");
    auto redis = parse_redis_url(url);
    if (!redis) return refuse(variable, redis.error());
    return *std::move(redis);
}

Result<BlobsChoice> chosen_blobs(const Config& config) {
    constexpr std::string_view variable = "SAFELIGHT_BLOBS";
    const std::string& url = config.blobs_url;
    if (has_scheme(url, "s3")) {
        auto s3 = parse_s3_url(url);
        if (!s3) return refuse(variable, s3.error());
        if (config.s3_access_key.empty() != config.s3_secret_key.empty())
            return refuse("SAFELIGHT_S3_ACCESS_KEY", "it and SAFELIGHT_S3_SECRET_KEY are set together.");
        return *std::move(s3);
    }
    FilesystemConfig filesystem;
    filesystem.free_bytes_min = config.free_space_min_bytes;
    filesystem.root = config.data / "blobs";
    if (url.empty()) return filesystem;
    if (!has_scheme(url, "file")) return refuse(variable, "no such backend; it begins with file: or s3://.");
    TRY_ASSIGN(filesystem.root, path_of_url(url, "file", variable));
    return filesystem;
}

std::string without_password(std::string_view value) {
    std::string shown(value);
    // postgres://user:password@host, redis://:password@host. A password may hold what ends it elsewhere:
    // rather too much is hidden than too little.
    const auto authority = shown.find("://");
    if (authority != std::string::npos) {
        const auto colon = shown.find(':', authority + 3);
        const auto at = shown.rfind('@');
        if (colon < at && at != std::string::npos) shown.replace(colon + 1, at - colon - 1, "***");
    }
    // …?password=secret&…, and libpq's "host=… password=secret"
    for (std::size_t at = shown.find("password="); at != std::string::npos;
         at = shown.find("password=", at)) {
        at += std::string_view("password=").size();
        shown.replace(at, std::min(shown.find_first_of("& ", at), shown.size()) - at, "***");
    }
    return shown;
}

}  // namespace safelight::app
