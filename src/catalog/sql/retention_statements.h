// The statements of retention that every database understands and runs equally well; as statements.h.
#pragma once

#include <string_view>

#include "catalog/sql/statements.h"

namespace safelight::sql {

inline constexpr std::string_view retention_of_account =
    "SELECT " SAFELIGHT_RETENTION_COLUMNS " FROM accounts WHERE id = $1";
inline constexpr std::string_view account_with_expiry =
    "SELECT id FROM accounts WHERE expire_variants_after_days > 0 AND id > $1 ORDER BY id LIMIT 1";
#define SAFELIGHT_RETENTION_DUE(condition, is_due)         \
    "SELECT id, " SAFELIGHT_RETENTION_COLUMNS              \
    ", retention_due_at, retention_position, expiry_since" \
    " FROM accounts WHERE " condition "retention_due_at " is_due " $1 ORDER BY retention_due_at, id LIMIT 1"
#define SAFELIGHT_HAS_OWN_RETENTION "(delete_images_after_days > 0 OR expire_variants_after_days > 0) AND "
/// With the first rule as the server's default: of all accounts; without one: of those that have their own.
inline constexpr std::string_view next_retention = SAFELIGHT_RETENTION_DUE("", "<=");
inline constexpr std::string_view next_own_retention =
    SAFELIGHT_RETENTION_DUE(SAFELIGHT_HAS_OWN_RETENTION, "<=");
/// Which no clock that is right has made due: after $1.
inline constexpr std::string_view far_off_retention = SAFELIGHT_RETENTION_DUE("", ">");
inline constexpr std::string_view far_off_own_retention =
    SAFELIGHT_RETENTION_DUE(SAFELIGHT_HAS_OWN_RETENTION, ">");
inline constexpr std::string_view retention_goes_on =
    "UPDATE accounts SET retention_due_at = $2, retention_position = $3, expiry_since = $4 WHERE id = $1";
/// The page is a condition on the owner's images: after $2, below $3, at most $4.
#define SAFELIGHT_JOBS_OF_IMAGES(page, join) \
    "SELECT jobs.id FROM (" page ") AS page " join " jobs ON jobs.image_id = page.id"
/// In the canonical form of a transform. The picture that it names may be deleted before the variant is made
/// again: such a variant never expires.
#define SAFELIGHT_HAS_NO_WATERMARK "transform NOT LIKE '%\"watermark\":%'"
#define SAFELIGHT_OVERDUE_VARIANT                                                               \
    "variants.status = 'ready' AND variants.updated_at <= $5 AND (variants.read_at IS NULL OR " \
    "variants.read_at <= $5) AND variants." SAFELIGHT_HAS_NO_WATERMARK
#define SAFELIGHT_OVERDUE_OF_IMAGES(page, join)                                           \
    "SELECT page.id, jobs.id, variants.name FROM (" page ") AS page " join                \
    " jobs ON jobs.image_id = page.id LEFT JOIN variants ON variants.image_id = page.id " \
    "AND " SAFELIGHT_OVERDUE_VARIANT
inline constexpr std::string_view overdue_of_image =
    "SELECT name, blob FROM variants WHERE image_id = $1 AND status = 'ready' AND updated_at <= $2"
    " AND (read_at IS NULL OR read_at <= $2) AND " SAFELIGHT_HAS_NO_WATERMARK;
inline constexpr std::string_view expire_variant =
    "UPDATE variants SET status = 'pending', expired = TRUE, updated_at = $3, read_at = NULL, blob = NULL,"
    " format = NULL, width_px = NULL, height_px = NULL, size_bytes = NULL, sha256 = NULL"
    " WHERE image_id = $1 AND name = $2 AND status = 'ready' AND " SAFELIGHT_HAS_NO_WATERMARK
    " AND NOT EXISTS (SELECT 1 FROM rerenders WHERE rerenders.image_id = $1 AND rerenders.name = $2)";
inline constexpr std::string_view remaking =
    "SELECT jobs.id, jobs.lane, variants.status, variants.expired, variants.read_at FROM jobs"
    " JOIN variants ON variants.image_id = jobs.image_id"
    " WHERE jobs.image_id = $1 AND jobs.owner = $2 AND variants.name = $3";
/// Before the work is asked for, which has the lane chosen.
inline constexpr std::string_view become_interactive =
    "UPDATE jobs SET priority = 0, lane = 0 WHERE id = $1 AND status <> 'PROCESSING' AND priority <> 0";
inline constexpr std::string_view wake_variant =
    "UPDATE variants SET expired = FALSE, updated_at = $3, read_at = $3"
    " WHERE image_id = $1 AND name = $2 AND expired";
/// Nothing that is known closely enough. What was noted by a clock that was ahead is corrected.
inline constexpr std::string_view note_read =
    "UPDATE variants SET read_at = $3 WHERE image_id = $1 AND name = $2 AND status = 'ready'"
    " AND updated_at <= $4 AND (read_at IS NULL OR read_at <= $4 OR read_at > $5)";

/// All of the above.
inline constexpr Named shared_of_retention[] = {
    {"retention_of_account", retention_of_account},
    {"account_with_expiry", account_with_expiry},
    {"next_retention", next_retention},
    {"next_own_retention", next_own_retention},
    {"far_off_retention", far_off_retention},
    {"far_off_own_retention", far_off_own_retention},
    {"retention_goes_on", retention_goes_on},
    {"overdue_of_image", overdue_of_image},
    {"expire_variant", expire_variant},
    {"remaking", remaking},
    {"become_interactive", become_interactive},
    {"wake_variant", wake_variant},
    {"note_read", note_read},
};

}  // namespace safelight::sql
