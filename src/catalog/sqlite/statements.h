// The statements that are SQLite's alone, in one place, so that a test can ask for the plan of each.
#pragma once

#include <string_view>

#include "catalog/sql/columns.h"
#include "catalog/sql/retention_statements.h"
#include "catalog/sql/statements.h"

namespace safelight::sqlite::sql {

using namespace safelight::sql;

// Finding and listing. CROSS JOIN keeps the order of the loops, and with it the order of the rows. The plus
// sign hides the parameter from the planner: else SQLite compares its value with the condition of the index
// jobs_claimable, and for that prepares the statement anew each time another value is bound, which costs more
// than the page.

inline constexpr std::string_view find_job =
    "SELECT " SAFELIGHT_JOB_COLUMNS ", " SAFELIGHT_IMAGE_COLUMNS
    " FROM jobs CROSS JOIN images ON images.id = jobs.image_id WHERE jobs.id = $1 AND jobs.owner = $2";
inline constexpr std::string_view find_image =
    "SELECT " SAFELIGHT_IMAGE_COLUMNS " FROM images WHERE images.id = $1 AND images.owner = $2";
inline constexpr std::string_view image_by_id =
    "SELECT " SAFELIGHT_IMAGE_COLUMNS " FROM images WHERE images.id = $1";
inline constexpr std::string_view variants_of_image =
    "SELECT " SAFELIGHT_VARIANT_COLUMNS " FROM variants WHERE variants.image_id = $1";

inline constexpr std::string_view list_jobs =
    "SELECT " SAFELIGHT_JOB_COLUMNS ", " SAFELIGHT_IMAGE_COLUMNS
    " FROM jobs CROSS JOIN images ON images.id = jobs.image_id"
    " WHERE jobs.owner = $1 AND jobs.id >= $2 AND jobs.id < $3 ORDER BY jobs.id DESC LIMIT $4";
inline constexpr std::string_view list_jobs_variants =
    "SELECT " SAFELIGHT_VARIANT_COLUMNS
    " FROM (SELECT jobs.image_id FROM jobs"
    " WHERE jobs.owner = $1 AND jobs.id >= $2 AND jobs.id < $3 ORDER BY jobs.id DESC LIMIT $4) AS page"
    " CROSS JOIN variants ON variants.image_id = page.image_id";
inline constexpr std::string_view list_jobs_by_status =
    "SELECT " SAFELIGHT_JOB_COLUMNS ", " SAFELIGHT_IMAGE_COLUMNS
    " FROM jobs CROSS JOIN images ON images.id = jobs.image_id"
    " WHERE jobs.owner = $1 AND jobs.id >= $2 AND jobs.id < $3 AND jobs.status = +$5"
    " ORDER BY jobs.id DESC LIMIT $4";
inline constexpr std::string_view list_jobs_by_status_variants =
    "SELECT " SAFELIGHT_VARIANT_COLUMNS
    " FROM (SELECT jobs.image_id FROM jobs"
    " WHERE jobs.owner = $1 AND jobs.id >= $2 AND jobs.id < $3 AND jobs.status = +$5"
    " ORDER BY jobs.id DESC LIMIT $4) AS page"
    " CROSS JOIN variants ON variants.image_id = page.image_id";
inline constexpr std::string_view list_images = "SELECT " SAFELIGHT_IMAGE_COLUMNS
                                                " FROM images WHERE images.owner = $1 AND images.id >= $2 "
                                                "AND images.id < $3 ORDER BY images.id DESC LIMIT $4";
inline constexpr std::string_view list_images_variants =
    "SELECT " SAFELIGHT_VARIANT_COLUMNS
    " FROM (SELECT images.id FROM images"
    " WHERE images.owner = $1 AND images.id >= $2 AND images.id < $3 ORDER BY images.id DESC LIMIT $4) AS "
    "page"
    " CROSS JOIN variants ON variants.image_id = page.id";

// Only ids, upwards; for bulk operations.

inline constexpr std::string_view jobs_from =
    "SELECT id FROM jobs WHERE owner = $1 AND id > $2 AND id < $3 ORDER BY id LIMIT $4";
inline constexpr std::string_view jobs_from_by_status =
    "SELECT id FROM jobs WHERE owner = $1 AND status = +$5 AND id > $2 AND id < $3 ORDER BY id LIMIT $4";

// In the order of changes. What is equal in `change` alone is left out by the condition on the id, so that
// the index is searched by one bound.

inline constexpr std::string_view end_of_changes = "SELECT value FROM totals WHERE name = 'changes'";
inline constexpr std::string_view changes_after =
    "SELECT " SAFELIGHT_JOB_COLUMNS ", " SAFELIGHT_IMAGE_COLUMNS
    ", jobs.change"
    " FROM jobs CROSS JOIN images ON images.id = jobs.image_id"
    " WHERE jobs.owner = $1 AND jobs.change >= $2 AND (jobs.change > $2 OR jobs.id > $3)"
    " ORDER BY jobs.change, jobs.id LIMIT $4";
inline constexpr std::string_view find_change =
    "SELECT " SAFELIGHT_JOB_COLUMNS ", " SAFELIGHT_IMAGE_COLUMNS
    ", jobs.change"
    " FROM jobs CROSS JOIN images ON images.id = jobs.image_id WHERE jobs.id = $1 AND jobs.owner = $2";

// Similar images. The expression over the index is what keeps the search from the rows themselves.

inline constexpr std::string_view images_within =
    "SELECT hamming_distance(dhash, $2) AS distance, id FROM images"
    " WHERE owner = $1 AND dhash IS NOT NULL AND hamming_distance(dhash, $2) <= $3";

// Creating, asking for variants, deleting.

inline constexpr std::string_view insert_job =
    "INSERT INTO jobs (id, owner, image_id, priority, lane, due_at, metadata, updated_at)"
    " VALUES ($1, $2, $3, $6, $6, $4, $5, $4)";
inline constexpr std::string_view insert_variant =
    "INSERT INTO variants (image_id, name, position, transform, updated_at) VALUES ($1, $2, $3, $4, $5)";
/// A job without variants, whose status no trigger has derived.
inline constexpr std::string_view bare_job_received =
    "UPDATE jobs SET change = (SELECT value + 1 FROM totals WHERE name = 'changes') WHERE id = $1";
inline constexpr std::string_view hold_of_job =
    "SELECT image_id, status, tries, lease_until FROM jobs WHERE id = $1 AND owner = $2";
inline constexpr std::string_view job_of_image =
    "SELECT jobs.id FROM jobs WHERE image_id = $1 AND owner = $2";
inline constexpr std::string_view blobs_of_job =
    "SELECT images.id, images.blob FROM jobs CROSS JOIN images ON images.id = jobs.image_id"
    " WHERE jobs.id = $1 AND jobs.owner = $2";

// Claims.

/// What a claim would make of it.
inline constexpr std::string_view hold_claimable =
    "SELECT image_id, attempts + 1, tries + 1 FROM jobs WHERE id = $1 AND status = 'PROCESSING'"
    " AND due_at <= $2 AND (lease_until IS NULL OR lease_until <= $2)";
inline constexpr std::string_view give_back_undone =
    "UPDATE jobs SET lease_until = NULL, due_at = $3, updated_at = $4, tries = max(tries - $5, 0)"
    " WHERE id = $1 AND attempts = $2 AND lease_until IS NOT NULL";
inline constexpr std::string_view variant_blob =
    "SELECT blob FROM variants WHERE image_id = $1 AND name = $2";
inline constexpr std::string_view backlog = "SELECT value FROM totals WHERE name = 'backlog'";

// Making variants again.

inline constexpr std::string_view request_rerender =
    "INSERT INTO rerenders (image_id, name, transform, due_at)"
    " SELECT image_id, name, $3, $4 FROM variants"
    " WHERE image_id = $1 AND name = $2 AND status = 'ready' AND transform <> $3"
    " ON CONFLICT (image_id, name) DO UPDATE SET transform = excluded.transform, state = 'waiting', tries = "
    "0,"
    " token = NULL, due_at = excluded.due_at, error_code = NULL, error_detail = NULL"
    " WHERE rerenders.transform <> excluded.transform OR (rerenders.state = 'failed' AND $5)";
inline constexpr std::string_view withdraw_rerender =
    "DELETE FROM rerenders WHERE image_id = $1 AND name = $2 AND transform <> $3 AND $3 NOT LIKE"
    " " SAFELIGHT_FOCAL_PATTERN;
inline constexpr std::string_view rerender_as_before =
    "UPDATE rerenders SET transform = $3, state = 'waiting', tries = 0, token = NULL, due_at = $4,"
    " error_code = NULL, error_detail = NULL WHERE image_id = $1 AND name = $2 AND transform <> $3";
inline constexpr std::string_view variant_transform =
    "SELECT transform FROM variants WHERE image_id = $1 AND name = $2";
inline constexpr std::string_view rerender_backlog = "SELECT value FROM totals WHERE name = 'rerenders'";
inline constexpr std::string_view next_rerender =
    "SELECT image_id, name, transform FROM rerenders WHERE state = 'waiting' AND due_at <= $1"
    " ORDER BY due_at, image_id, name LIMIT 1";
inline constexpr std::string_view next_rerender_token =
    "UPDATE totals SET value = value + 1 WHERE name = 'rerender_claims' RETURNING value";
inline constexpr std::string_view claim_rerender =
    "UPDATE rerenders SET token = $3, tries = tries + 1, due_at = $4 WHERE image_id = $1 AND name = $2"
    " RETURNING tries";
inline constexpr std::string_view waiting_job_of_image = "SELECT id, lane FROM jobs WHERE image_id = $1";
inline constexpr std::string_view job_touched =
    "UPDATE jobs SET updated_at = max(updated_at, $2) WHERE image_id = $1";
inline constexpr std::string_view release_rerender =
    "UPDATE rerenders SET token = NULL, due_at = $4, tries = max(tries - $5, 0)"
    " WHERE image_id = $1 AND name = $2 AND token = $3";

// Retention.

#define SAFELIGHT_PAGE_OF_IMAGES \
    "SELECT id FROM images WHERE owner = $1 AND id > $2 AND id < $3 ORDER BY id LIMIT $4"
inline constexpr std::string_view jobs_of_old_images =
    SAFELIGHT_JOBS_OF_IMAGES(SAFELIGHT_PAGE_OF_IMAGES, "CROSS JOIN");
inline constexpr std::string_view overdue_of_images =
    SAFELIGHT_OVERDUE_OF_IMAGES(SAFELIGHT_PAGE_OF_IMAGES, "CROSS JOIN");
#undef SAFELIGHT_PAGE_OF_IMAGES

// The blob ledger.

inline constexpr std::string_view reserve =
    "INSERT INTO blobs (key, state, deadline) VALUES ($1, 'writing', $2)";
inline constexpr std::string_view doom = "UPDATE blobs SET state = 'doomed' WHERE key = $1";
inline constexpr std::string_view abandon =
    "UPDATE blobs SET state = 'doomed' WHERE key = $1 AND state = 'writing'";
inline constexpr std::string_view doom_overdue =
    "UPDATE blobs SET state = 'doomed' WHERE key IN (SELECT key FROM blobs"
    " WHERE state = 'writing' AND deadline <= $1 ORDER BY deadline LIMIT $2)";
inline constexpr std::string_view forget = "DELETE FROM blobs WHERE key = $1 AND state = 'doomed'";
inline constexpr std::string_view references =
    "SELECT blob AS key, size_bytes, sha256, id AS image_id, '' AS variant FROM images WHERE blob > $1"
    " UNION ALL"
    " SELECT blob, size_bytes, sha256, image_id, name FROM variants WHERE blob > $1"
    " UNION ALL"
    " SELECT blob, size_bytes, sha256, upload, " SAFELIGHT_UPLOAD_PART
    " FROM upload_parts WHERE blob > $1"
    " ORDER BY key LIMIT $2";

/// All of the above; sql::shared has the others.
inline constexpr Named own[] = {
    {"find_job", find_job},
    {"find_image", find_image},
    {"image_by_id", image_by_id},
    {"variants_of_image", variants_of_image},
    {"list_jobs", list_jobs},
    {"list_jobs_variants", list_jobs_variants},
    {"list_jobs_by_status", list_jobs_by_status},
    {"list_jobs_by_status_variants", list_jobs_by_status_variants},
    {"list_images", list_images},
    {"list_images_variants", list_images_variants},
    {"jobs_from", jobs_from},
    {"jobs_from_by_status", jobs_from_by_status},
    {"end_of_changes", end_of_changes},
    {"changes_after", changes_after},
    {"find_change", find_change},
    {"bare_job_received", bare_job_received},
    {"images_within", images_within},
    {"insert_job", insert_job},
    {"insert_variant", insert_variant},
    {"hold_of_job", hold_of_job},
    {"job_of_image", job_of_image},
    {"blobs_of_job", blobs_of_job},
    {"hold_claimable", hold_claimable},
    {"give_back_undone", give_back_undone},
    {"variant_blob", variant_blob},
    {"backlog", backlog},
    {"request_rerender", request_rerender},
    {"withdraw_rerender", withdraw_rerender},
    {"rerender_as_before", rerender_as_before},
    {"variant_transform", variant_transform},
    {"rerender_backlog", rerender_backlog},
    {"next_rerender", next_rerender},
    {"next_rerender_token", next_rerender_token},
    {"claim_rerender", claim_rerender},
    {"waiting_job_of_image", waiting_job_of_image},
    {"job_touched", job_touched},
    {"release_rerender", release_rerender},
    {"jobs_of_old_images", jobs_of_old_images},
    {"overdue_of_images", overdue_of_images},
    {"reserve", reserve},
    {"doom", doom},
    {"abandon", abandon},
    {"doom_overdue", doom_overdue},
    {"forget", forget},
    {"references", references},
};

}  // namespace safelight::sqlite::sql
