// The statements that are PostgreSQL's alone, in one place, so that a test can ask for the plan of each.
#pragma once

#include <string_view>

#include "catalog/sql/columns.h"
#include "catalog/sql/retention_statements.h"
#include "catalog/sql/statements.h"

namespace safelight::postgres::sql {

using namespace safelight::sql;

// Finding and listing: one statement for records and variants together, so that it sees one state of the
// database without a transaction. A page is cut off before anything is joined to it, so that its cost is
// bounded. Rows are compared as the index orders them: with `owner = $1` the planner may walk through
// everybody's ids instead. Nothing is sorted here; rows.cc does that with a page.

inline constexpr std::string_view find_job =
    "SELECT " SAFELIGHT_JOB_COLUMNS ", " SAFELIGHT_IMAGE_COLUMNS ", " SAFELIGHT_VARIANT_COLUMNS
    " FROM jobs JOIN images ON images.id = jobs.image_id LEFT JOIN variants ON variants.image_id = "
    "images.id WHERE jobs.id = $1 AND jobs.owner = $2";
inline constexpr std::string_view find_image =
    "SELECT " SAFELIGHT_IMAGE_COLUMNS ", " SAFELIGHT_VARIANT_COLUMNS
    " FROM images LEFT JOIN variants ON variants.image_id = images.id WHERE images.id = $1 AND "
    "images.owner = $2";
inline constexpr std::string_view image_by_id =
    "SELECT " SAFELIGHT_IMAGE_COLUMNS ", " SAFELIGHT_VARIANT_COLUMNS
    " FROM images LEFT JOIN variants ON variants.image_id = images.id WHERE images.id = $1";
inline constexpr std::string_view list_jobs =
    "SELECT " SAFELIGHT_JOB_COLUMNS ", " SAFELIGHT_IMAGE_COLUMNS ", " SAFELIGHT_VARIANT_COLUMNS
    " FROM (SELECT * FROM jobs WHERE (owner, id) >= ($1, $2) AND (owner, id) < ($1, $3)"
    " ORDER BY owner DESC, id DESC LIMIT $4) AS jobs"
    " JOIN images ON images.id = jobs.image_id LEFT JOIN variants ON variants.image_id = images.id";
inline constexpr std::string_view list_jobs_by_status =
    "SELECT " SAFELIGHT_JOB_COLUMNS ", " SAFELIGHT_IMAGE_COLUMNS ", " SAFELIGHT_VARIANT_COLUMNS
    " FROM (SELECT * FROM jobs WHERE (owner, status, id) >= ($1, $5, $2) AND (owner, status, id) < ($1, $5, "
    "$3)"
    " ORDER BY owner DESC, status DESC, id DESC LIMIT $4) AS jobs"
    " JOIN images ON images.id = jobs.image_id LEFT JOIN variants ON variants.image_id = images.id";
inline constexpr std::string_view list_images =
    "SELECT " SAFELIGHT_IMAGE_COLUMNS ", " SAFELIGHT_VARIANT_COLUMNS
    " FROM (SELECT * FROM images WHERE (owner, id) >= ($1, $2) AND (owner, id) < ($1, $3)"
    " ORDER BY owner DESC, id DESC LIMIT $4) AS images LEFT JOIN variants ON variants.image_id = images.id";

// Only ids, upwards; for bulk operations.

inline constexpr std::string_view jobs_from =
    "SELECT id FROM jobs WHERE (owner, id) > ($1, $2) AND (owner, id) < ($1, $3) ORDER BY owner, id LIMIT $4";
inline constexpr std::string_view jobs_from_by_status =
    "SELECT id FROM jobs WHERE (owner, status, id) > ($1, $5, $2) AND (owner, status, id) < ($1, $5, $3)"
    " ORDER BY owner, status, id LIMIT $4";

// In the order of changes, as far as no transaction that is still open can add to it.

inline constexpr std::string_view end_of_changes =
    "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1";
inline constexpr std::string_view changes_after =
    "SELECT " SAFELIGHT_JOB_COLUMNS ", " SAFELIGHT_IMAGE_COLUMNS ", jobs.change, " SAFELIGHT_VARIANT_COLUMNS
    " FROM (SELECT * FROM jobs WHERE (owner, change, id) > ($1, $2, $3) AND change IS NOT NULL"
    " AND (owner, change) < ($1, pg_snapshot_xmin(pg_current_snapshot())::text::bigint)"
    " ORDER BY owner, change, id LIMIT $4) AS jobs"
    " JOIN images ON images.id = jobs.image_id LEFT JOIN variants ON variants.image_id = images.id";
inline constexpr std::string_view find_change =
    "SELECT " SAFELIGHT_JOB_COLUMNS ", " SAFELIGHT_IMAGE_COLUMNS ", jobs.change, " SAFELIGHT_VARIANT_COLUMNS
    " FROM jobs JOIN images ON images.id = jobs.image_id LEFT JOIN variants ON variants.image_id = "
    "images.id WHERE jobs.id = $1 AND jobs.owner = $2";

// Similar images: the hashes come from an index that holds nothing else, and the best are kept in a heap
// of $5.

inline constexpr std::string_view similar_ids =
    "SELECT bit_count((dhash # $2)::bit(64)) AS distance, id FROM images WHERE owner = $1 AND dhash IS NOT "
    "NULL"
    " AND id <> $4 AND bit_count((dhash # $2)::bit(64)) <= $3 ORDER BY distance, id DESC LIMIT $5";
inline constexpr std::string_view images_by_ids =
    "SELECT " SAFELIGHT_IMAGE_COLUMNS ", " SAFELIGHT_VARIANT_COLUMNS
    " FROM images LEFT JOIN variants ON variants.image_id = images.id WHERE images.id = ANY ($1::uuid[])";

// Creating, asking for variants, deleting.

inline constexpr std::string_view insert_variants =
    "INSERT INTO variants (image_id, name, position, transform, updated_at) SELECT $1::uuid, name, $4"
    " + ordinal - 1, transform, $5::bigint FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS "
    "wanted (name, transform, ordinal)";
/// Comes after its variants, with the status that follows from them: so its row is written once. The lane is
/// chosen on the way.
inline constexpr std::string_view insert_job =
    "INSERT INTO jobs (id, owner, image_id, status, priority, lane, due_at, metadata, updated_at, change) "
    "VALUES ($1, $2, $3, $7, $6, $6, $4, $5, $4, pg_current_xact_id()::text::bigint) RETURNING status, lane";
/// Of an account with a limit, before anything else. Two statements, so that the second is not there without
/// a row.
/// Until the end of the transaction.
inline constexpr std::string_view commit_without_waiting = "SET LOCAL synchronous_commit = off";
inline constexpr std::string_view make_quota_lock =
    "INSERT INTO quota_locks (account) VALUES ($1) ON CONFLICT (account) DO NOTHING";
inline constexpr std::string_view lock_quotas =
    "SELECT account FROM quota_locks WHERE account = $1 FOR NO KEY UPDATE";
inline constexpr std::string_view lock_hold =
    "SELECT image_id, status, tries, lease_until FROM jobs WHERE id = $1 AND owner = $2 FOR NO KEY UPDATE";
inline constexpr std::string_view lock_job =
    "SELECT jobs.id, images.id, images.blob FROM jobs JOIN images ON images.id = jobs.image_id WHERE "
    "jobs.id = $1 AND jobs.owner = $2 FOR UPDATE OF jobs";
/// Keeps claims away, which would read the image as it was.
inline constexpr std::string_view hold_job_of_image =
    "SELECT id FROM jobs WHERE image_id = $1 AND owner = $2 FOR NO KEY UPDATE";
inline constexpr std::string_view jobs_of_images =
    "SELECT id, image_id FROM jobs WHERE image_id = ANY ($1::uuid[])";
inline constexpr std::string_view hold_job = "SELECT id FROM jobs WHERE id = $1 FOR NO KEY UPDATE";
inline constexpr std::string_view lock_job_of_image =
    "SELECT jobs.id, images.id, images.blob FROM jobs JOIN images ON images.id = jobs.image_id WHERE "
    "jobs.image_id = $1 AND jobs.owner = $2 FOR UPDATE OF jobs";

// Claims. Whoever comes second does not wait for the first.

/// What a claim would make of it; nobody else changes it until the end of the transaction.
inline constexpr std::string_view hold_claimable =
    "SELECT image_id, attempts + 1, tries + 1 FROM jobs WHERE id = $1 AND status = 'PROCESSING' AND due_at "
    "<= $2 AND (lease_until IS NULL OR lease_until <= $2) FOR NO KEY UPDATE SKIP LOCKED";
/// The job of who still holds the claim: nobody else changes it until the end of the transaction.
inline constexpr std::string_view lock_claimed =
    "SELECT image_id FROM jobs WHERE id = $1 AND attempts = $2 AND lease_until IS NOT NULL FOR NO KEY UPDATE";
inline constexpr std::string_view give_back_undone =
    "UPDATE jobs SET lease_until = NULL, due_at = $3, updated_at = $4, tries = greatest(tries - $5, "
    "0) WHERE id = $1 AND attempts = $2 AND lease_until IS NOT NULL RETURNING lane";
inline constexpr std::string_view variant_blob =
    "SELECT blob FROM variants WHERE image_id = $1 AND name = $2 FOR NO KEY UPDATE";
inline constexpr std::string_view variant_blobs =
    "SELECT name, blob FROM variants WHERE image_id = $1 AND name = ANY ($2::text[]) FOR NO KEY UPDATE";
inline constexpr std::string_view make_all_live =
    "UPDATE blobs SET state = 'live' WHERE key = ANY ($1::uuid[]) AND state NOT IN ('live', 'doomed')";
inline constexpr std::string_view backlog =
    "SELECT coalesce(sum(value), 0)::bigint FROM totals WHERE name = 'backlog'";

// Making variants again.

inline constexpr std::string_view lock_ready_variants =
    "SELECT image_id, transform FROM variants WHERE image_id = ANY ($1::uuid[]) AND name = $2 AND "
    "status = 'ready' FOR NO KEY UPDATE";
inline constexpr std::string_view request_rerenders =
    "INSERT INTO rerenders (image_id, name, transform, due_at) SELECT image_id, name, $3::text, "
    "$4::bigint FROM variants WHERE image_id = ANY ($1::uuid[]) AND name = $2 AND status = 'ready' ON"
    " CONFLICT (image_id, name) DO UPDATE SET transform = excluded.transform, state = 'waiting', "
    "tries = 0, token = NULL, due_at = excluded.due_at, error_code = NULL, error_detail = NULL WHERE "
    "rerenders.transform <> excluded.transform OR (rerenders.state = 'failed' AND $5)";
inline constexpr std::string_view withdraw_rerenders =
    "DELETE FROM rerenders USING variants WHERE variants.image_id = rerenders.image_id AND variants.name ="
    " rerenders.name AND rerenders.image_id = ANY ($1::uuid[]) AND rerenders.name = $2 AND"
    " rerenders.transform <> variants.transform AND variants.transform NOT LIKE " SAFELIGHT_FOCAL_PATTERN;
inline constexpr std::string_view rerenders_as_before =
    "UPDATE rerenders SET transform = variants.transform, state = 'waiting', tries = 0, token = NULL,"
    " due_at = $3, error_code = NULL, error_detail = NULL FROM variants WHERE variants.image_id = "
    "rerenders.image_id AND"
    " variants.name = rerenders.name AND rerenders.image_id = ANY ($1::uuid[]) AND rerenders.name = $2 AND"
    " rerenders.transform <> variants.transform";
inline constexpr std::string_view rerender_backlog =
    "SELECT coalesce(sum(value), 0)::bigint FROM totals WHERE name = 'rerenders'";
/// Nobody else changes it until the end of the transaction.
inline constexpr std::string_view next_rerender =
    "SELECT image_id, name, transform FROM rerenders WHERE state = 'waiting' AND due_at <= $1"
    " ORDER BY due_at, image_id, name LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED";
inline constexpr std::string_view claim_rerender =
    "UPDATE rerenders SET token = nextval('rerender_tokens'), tries = tries + 1, due_at = $3"
    " WHERE image_id = $1 AND name = $2 RETURNING token, tries";
/// After next_rerender, not with it: that one takes a row as it is now, but would read the image as it was
/// when it began, perhaps before the focal point moved.
inline constexpr std::string_view image_of_rerender =
    "SELECT jobs.id, " SAFELIGHT_IMAGE_COLUMNS
    " FROM images JOIN jobs ON jobs.image_id = images.id WHERE images.id = $1";
inline constexpr std::string_view job_touched =
    "UPDATE jobs SET updated_at = greatest(updated_at, $2) WHERE image_id = $1";
inline constexpr std::string_view release_rerender =
    "UPDATE rerenders SET token = NULL, due_at = $4, tries = greatest(tries - $5, 0) WHERE image_id ="
    " $1 AND name = $2 AND token = $3";

// Retention. Whoever comes second goes on with another account.

inline constexpr std::string_view take_next_retention =
    SAFELIGHT_RETENTION_DUE("", "<=") " FOR NO KEY UPDATE SKIP LOCKED";
inline constexpr std::string_view take_next_own_retention =
    SAFELIGHT_RETENTION_DUE(SAFELIGHT_HAS_OWN_RETENTION, "<=") " FOR NO KEY UPDATE SKIP LOCKED";
inline constexpr std::string_view take_far_off_retention =
    SAFELIGHT_RETENTION_DUE("", ">") " FOR NO KEY UPDATE SKIP LOCKED";
inline constexpr std::string_view take_far_off_own_retention =
    SAFELIGHT_RETENTION_DUE(SAFELIGHT_HAS_OWN_RETENTION, ">") " FOR NO KEY UPDATE SKIP LOCKED";
/// In milliseconds; not when the transaction began.
inline constexpr std::string_view server_time =
    "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)";
#define SAFELIGHT_PAGE_OF_IMAGES                                                    \
    "SELECT id FROM images WHERE (owner, id) > ($1, $2) AND (owner, id) < ($1, $3)" \
    " ORDER BY owner, id LIMIT $4"
inline constexpr std::string_view jobs_of_old_images =
    SAFELIGHT_JOBS_OF_IMAGES(SAFELIGHT_PAGE_OF_IMAGES, "JOIN");
inline constexpr std::string_view overdue_of_images =
    SAFELIGHT_OVERDUE_OF_IMAGES(SAFELIGHT_PAGE_OF_IMAGES, "JOIN");
#undef SAFELIGHT_PAGE_OF_IMAGES
/// Before expire_variant, which then sees the rerenders that were asked for meanwhile.
inline constexpr std::string_view lock_overdue_of_image =
    "SELECT name, blob FROM variants WHERE image_id = $1 AND status = 'ready' AND updated_at <= $2"
    " AND (read_at IS NULL OR read_at <= $2) AND " SAFELIGHT_HAS_NO_WATERMARK
    " ORDER BY name FOR NO KEY UPDATE";

// The blob ledger. Keys come sorted out of the index, so that two transactions lock them in the same
// order.

inline constexpr std::string_view reserve =
    "INSERT INTO blobs (key, state, deadline) SELECT unnest($1::uuid[]), 'writing', $2::bigint";
inline constexpr std::string_view doom = "UPDATE blobs SET state = 'doomed' WHERE key = ANY ($1::uuid[])";
// Worded so that the index of what is overdue, which has nothing to search keys by, is no choice.
inline constexpr std::string_view abandon =
    "UPDATE blobs SET state = 'doomed' WHERE key = ANY ($1::uuid[]) AND state NOT IN ('live', 'doomed')";
inline constexpr std::string_view doom_overdue =
    "UPDATE blobs SET state = 'doomed' WHERE key = ANY (ARRAY (SELECT key FROM blobs WHERE state = "
    "'writing' AND deadline <= $1 ORDER BY deadline LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED))";
inline constexpr std::string_view forget =
    "DELETE FROM blobs WHERE key = ANY ($1::uuid[]) AND state = 'doomed'";
inline constexpr std::string_view references =
    "SELECT * FROM ((SELECT blob AS key, size_bytes, sha256, id AS image_id, ''::text AS variant FROM images"
    " WHERE blob > $1 ORDER BY blob LIMIT $2) UNION ALL"
    " (SELECT blob, size_bytes, sha256, image_id, name FROM variants WHERE blob > $1 ORDER BY blob LIMIT $2)"
    " UNION ALL (SELECT blob, size_bytes, sha256, upload, " SAFELIGHT_UPLOAD_PART
    " FROM upload_parts"
    " WHERE blob > $1 ORDER BY blob LIMIT $2))"
    " AS page ORDER BY key LIMIT $2";

// The server itself.

inline constexpr std::string_view can_write =
    "SELECT NOT (pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean)";
inline constexpr std::string_view written_position =
    "SELECT (pg_current_wal_flush_lsn() - '0/0'::pg_lsn)::bigint";
/// Null unless the server is a standby.
inline constexpr std::string_view replayed_position =
    "SELECT CASE WHEN pg_is_in_recovery() THEN (pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::bigint END";
inline constexpr std::string_view is_replay_paused = "SELECT pg_is_wal_replay_paused()";
/// The cluster, the database, and the table of jobs: a standby has the same numbers for all three.
inline constexpr std::string_view database_identity =
    "SELECT concat_ws('/', (SELECT system_identifier FROM pg_control_system()), (SELECT oid FROM pg_database"
    " WHERE datname = current_database()), to_regclass('jobs')::oid)";

/// All of the above; sql::shared has the others.
inline constexpr Named own[] = {
    {"find_job", find_job},
    {"find_image", find_image},
    {"image_by_id", image_by_id},
    {"list_jobs", list_jobs},
    {"list_jobs_by_status", list_jobs_by_status},
    {"list_images", list_images},
    {"jobs_from", jobs_from},
    {"jobs_from_by_status", jobs_from_by_status},
    {"end_of_changes", end_of_changes},
    {"changes_after", changes_after},
    {"find_change", find_change},
    {"insert_job", insert_job},
    {"make_quota_lock", make_quota_lock},
    {"lock_quotas", lock_quotas},
    {"similar_ids", similar_ids},
    {"images_by_ids", images_by_ids},
    {"insert_variants", insert_variants},
    {"lock_hold", lock_hold},
    {"lock_job", lock_job},
    {"hold_job_of_image", hold_job_of_image},
    {"jobs_of_images", jobs_of_images},
    {"hold_job", hold_job},
    {"lock_job_of_image", lock_job_of_image},
    {"hold_claimable", hold_claimable},
    {"lock_claimed", lock_claimed},
    {"give_back_undone", give_back_undone},
    {"variant_blob", variant_blob},
    {"variant_blobs", variant_blobs},
    {"make_all_live", make_all_live},
    {"backlog", backlog},
    {"lock_ready_variants", lock_ready_variants},
    {"request_rerenders", request_rerenders},
    {"withdraw_rerenders", withdraw_rerenders},
    {"rerenders_as_before", rerenders_as_before},
    {"rerender_backlog", rerender_backlog},
    {"next_rerender", next_rerender},
    {"claim_rerender", claim_rerender},
    {"image_of_rerender", image_of_rerender},
    {"job_touched", job_touched},
    {"release_rerender", release_rerender},
    {"take_next_retention", take_next_retention},
    {"take_next_own_retention", take_next_own_retention},
    {"take_far_off_retention", take_far_off_retention},
    {"take_far_off_own_retention", take_far_off_own_retention},
    {"server_time", server_time},
    {"jobs_of_old_images", jobs_of_old_images},
    {"overdue_of_images", overdue_of_images},
    {"lock_overdue_of_image", lock_overdue_of_image},
    {"reserve", reserve},
    {"doom", doom},
    {"abandon", abandon},
    {"doom_overdue", doom_overdue},
    {"forget", forget},
    {"references", references},
    {"can_write", can_write},
    {"written_position", written_position},
    {"replayed_position", replayed_position},
    {"database_identity", database_identity},
    {"is_replay_paused", is_replay_paused},
};

}  // namespace safelight::postgres::sql
