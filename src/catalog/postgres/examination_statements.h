// What the server is asked about itself, once, by `safelight doctor`: of its own catalogs, which are small.
#pragma once

#include <array>
#include <string_view>

namespace safelight::postgres::sql {

/// What the migrations make and statements name; a test compares it with a schema.
inline constexpr std::array<std::string_view, 24> relations{
    "account_pixels",     "account_usage",   "accounts",
    "api_keys",           "blobs",           "bulk_operations",
    "idempotency_keys",   "images",          "jobs",
    "quota_locks",        "rerender_tokens", "rerenders",
    "schema_migrations",  "totals",          "upload_minutes",
    "upload_parts",       "upload_places",   "uploads",
    "usage_dues",         "variants",        "webhook_attempts",
    "webhook_deliveries", "webhook_secrets", "webhooks"};

/// A session of the server, whatever stands between it and us. Not prepared: a session that is somebody
/// else's as well may have prepared another statement under that name.
inline constexpr std::string_view session = "SELECT pg_backend_pid()";

inline constexpr std::string_view who_and_where =
    "SELECT current_user::text, coalesce(current_schema()::text, '')";

/// A row for each relation and what the role may not do with it.
inline constexpr std::string_view lacking_rights =
    "SELECT c.relname::text, string_agg(wanted, ', ' ORDER BY place) FROM pg_class c"
    " JOIN pg_namespace n ON n.oid = c.relnamespace"
    " CROSS JOIN LATERAL unnest(CASE WHEN c.relkind = 'S' THEN ARRAY['USAGE']"
    " WHEN c.relkind = 'v' OR c.relname = 'schema_migrations' THEN ARRAY['SELECT']"
    " ELSE ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE'] END) WITH ORDINALITY AS rights(wanted, place)"
    " WHERE n.nspname = current_schema() AND c.relname = ANY($1) AND NOT CASE WHEN c.relkind = 'S'"
    " THEN has_sequence_privilege(c.oid, wanted) ELSE has_table_privilege(c.oid, wanted) END"
    " GROUP BY c.relname ORDER BY c.relname";

/// Only who owns a table may change it.
inline constexpr std::string_view may_migrate =
    "SELECT has_schema_privilege(current_schema(), 'CREATE') AND NOT EXISTS (SELECT FROM pg_class c"
    " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = current_schema()"
    " AND c.relname = ANY($1) AND NOT pg_has_role(c.relowner, 'USAGE'))";

/// By the limits of the server, of the database and of the role. What superusers have for themselves is not
/// counted.
inline constexpr std::string_view connections_free =
    "SELECT least("
    "current_setting('max_connections')::bigint - current_setting('superuser_reserved_connections')::bigint"
    " - coalesce(current_setting('reserved_connections', true)::bigint, 0)"
    " - (SELECT sum(numbackends) FROM pg_stat_database)::bigint,"
    " (SELECT (d.datconnlimit - s.numbackends)::bigint FROM pg_database d"
    " JOIN pg_stat_database s ON s.datid = d.oid"
    " WHERE d.datname = current_database() AND d.datconnlimit >= 0),"
    " (SELECT r.rolconnlimit - (SELECT count(*) FROM pg_stat_activity WHERE usesysid = r.oid)"
    " FROM pg_roles r WHERE r.rolname = current_user AND r.rolconnlimit >= 0))";

}  // namespace safelight::postgres::sql
