// The statements that every database of the catalog understands and runs equally well. Each database adds its
// own in a header of the same name, and there is a test of every plan beside it.
#pragma once

#include <string_view>

#include "base/lane.h"
#include "catalog/sql/columns.h"

namespace safelight::sql {

// Asking for variants and deleting. Triggers keep jobs.status and jobs.finished_at.

inline constexpr std::string_view insert_image =
    "INSERT INTO images (id, owner, filename, blob, size_bytes, sha256, format, width_px, height_px, frames,"
    " has_alpha, colour_space, orientation, camera_make, camera_model, taken_at, artist, copyright,"
    " latitude, longitude, focal_x, focal_y) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,"
    " $14, $15, $16, $17, $18, $19, $20, $21, $22)";
inline constexpr std::string_view work_asked_for =
    "UPDATE jobs SET tries = 0, due_at = $2, updated_at = $2 WHERE id = $1";
inline constexpr std::string_view failed_again =
    "UPDATE variants SET status = 'pending', updated_at = $2, error_code = NULL, error_detail = NULL"
    " WHERE image_id = $1 AND status = 'failed'";
/// As work_asked_for; whoever lost its lease cannot finish any more.
inline constexpr std::string_view work_asked_for_again =
    "UPDATE jobs SET tries = 0, due_at = $2, updated_at = $2,"
    " lease_until = CASE WHEN lease_until > $2 THEN lease_until END WHERE id = $1";
inline constexpr std::string_view claim_taken_away =
    "UPDATE jobs SET lease_until = NULL, updated_at = $2 WHERE id = $1";
inline constexpr std::string_view pending_called_off =
    "UPDATE variants SET status = 'failed', updated_at = $2, error_code = $3, error_detail = $4"
    " WHERE image_id = $1 AND status = 'pending' AND NOT expired";
inline constexpr std::string_view set_focal_point =
    "UPDATE images SET focal_x = $3, focal_y = $4 WHERE id = $1 AND owner = $2";
/// What is cropped around the focal point. Its canonical form says so in this one way.
#define SAFELIGHT_FOCAL_PATTERN "'%\"gravity\":\"focal\"%'"
#define SAFELIGHT_IS_FOCAL "transform LIKE " SAFELIGHT_FOCAL_PATTERN
inline constexpr std::string_view take_focal_claim =
    "UPDATE jobs SET lease_until = NULL, due_at = $3, updated_at = $3, tries = 0"
    " WHERE image_id = $1 AND owner = $2 AND lease_until IS NOT NULL AND EXISTS (SELECT 1 FROM variants"
    " WHERE variants.image_id = $1 AND variants.status = 'pending' AND NOT variants.expired"
    " AND " SAFELIGHT_IS_FOCAL ")";
inline constexpr std::string_view take_focal_rerenders =
    "UPDATE rerenders SET token = NULL, tries = 0, due_at = $2"
    " WHERE image_id = $1 AND state = 'waiting' AND " SAFELIGHT_IS_FOCAL;
inline constexpr std::string_view remake_focal =
    "INSERT INTO rerenders (image_id, name, transform, due_at)"
    " SELECT image_id, name, transform, CAST($2 AS bigint) FROM variants"
    " WHERE image_id = $1 AND status = 'ready' AND " SAFELIGHT_IS_FOCAL
    " ON CONFLICT (image_id, name) DO UPDATE SET state = 'waiting', tries = 0, token = NULL,"
    " due_at = excluded.due_at, error_code = NULL, error_detail = NULL";
inline constexpr std::string_view dhash_of_image = "SELECT dhash FROM images WHERE id = $1 AND owner = $2";
inline constexpr std::string_view blobs_of_variants =
    "SELECT blob FROM variants WHERE image_id = $1 AND blob IS NOT NULL";
inline constexpr std::string_view delete_job = "DELETE FROM jobs WHERE id = $1";
inline constexpr std::string_view delete_image = "DELETE FROM images WHERE id = $1";

// Claims.

inline constexpr std::string_view renew =
    "UPDATE jobs SET lease_until = $3 WHERE id = $1 AND attempts = $2 AND lease_until IS NOT NULL";
inline constexpr std::string_view give_back_done =
    "UPDATE jobs SET lease_until = NULL, due_at = $3, updated_at = $3, tries = CASE WHEN $4 THEN 0 ELSE "
    "tries END"
    " WHERE id = $1 AND attempts = $2 AND lease_until IS NOT NULL RETURNING image_id";
inline constexpr std::string_view variant_made =
    "UPDATE variants SET status = 'ready', expired = FALSE, updated_at = $3, blob = $4, format = $5, "
    "width_px = $6,"
    " height_px = $7, size_bytes = $8, sha256 = $9, error_code = NULL, error_detail = NULL"
    " WHERE image_id = $1 AND name = $2";
inline constexpr std::string_view variant_failed =
    "UPDATE variants SET status = 'failed', expired = FALSE, updated_at = $3, blob = NULL, format = NULL, "
    "width_px = NULL,"
    " height_px = NULL, size_bytes = NULL, sha256 = NULL, error_code = $4, error_detail = $5"
    " WHERE image_id = $1 AND name = $2";
inline constexpr std::string_view image_seen =
    "UPDATE images SET dhash = $2, dominant = $3, palette = $4, thumbhash = $5, blurhash = $6 WHERE id = $1";
inline constexpr std::string_view status_and_lane = "SELECT status, lane FROM jobs WHERE id = $1";
/// Of these two one comes after hold_claimable, in its transaction.
inline constexpr std::string_view claim =
    "UPDATE jobs SET attempts = attempts + 1, tries = tries + 1, lease_until = $3, updated_at = $2 WHERE id "
    "= $1";
/// Nothing else: whose lease ran out may still finish, and nobody sees a change.
inline constexpr std::string_view put_off = "UPDATE jobs SET due_at = $2 WHERE id = $1";
/// The page of each lane is cut off by itself.
#define SAFELIGHT_CLAIMABLE_IN(lane)                                                             \
    "SELECT * FROM (SELECT id, lane FROM jobs WHERE status = 'PROCESSING' AND lane = " lane      \
    " AND due_at <= $1 AND (lease_until IS NULL OR lease_until <= $1) ORDER BY due_at, id LIMIT" \
    " $2) AS page"
inline constexpr std::string_view claimable =
    SAFELIGHT_CLAIMABLE_IN("0") " UNION ALL " SAFELIGHT_CLAIMABLE_IN("1") " UNION ALL "
    SAFELIGHT_CLAIMABLE_IN("2") " UNION ALL " SAFELIGHT_CLAIMABLE_IN("3") " UNION ALL "
    SAFELIGHT_CLAIMABLE_IN("4") " UNION ALL " SAFELIGHT_CLAIMABLE_IN("5");
static_assert(all_lanes.size() == 6);

// Making variants again. A batch of images is cut off before anything is joined to it, so that its cost is
// bounded.

inline constexpr std::string_view survey =
    "SELECT page.id, variants.status, variants.transform, rerenders.transform, rerenders.state"
    " FROM (SELECT id FROM images WHERE id > $1 ORDER BY id LIMIT $2) AS page"
    " LEFT JOIN variants ON variants.image_id = page.id AND variants.name = $3"
    " LEFT JOIN rerenders ON rerenders.image_id = page.id AND rerenders.name = $3";
/// Of one that has expired it is what it will be made by.
inline constexpr std::string_view change_unmade =
    "UPDATE variants SET transform = $3, status = 'pending', updated_at = $4, error_code = NULL,"
    " error_detail = NULL WHERE image_id = $1 AND name = $2 AND transform <> $3"
    " AND (status = 'pending' OR (status = 'failed' AND $5))";
/// After change_unmade: whoever holds the job works by the old transform.
inline constexpr std::string_view take_unmade_claim =
    "UPDATE jobs SET lease_until = NULL, due_at = $2, updated_at = $2, tries = 0 WHERE image_id = $1";
inline constexpr std::string_view rerenders_of_image =
    "SELECT name, transform FROM rerenders WHERE image_id = $1 AND state = 'waiting'";
inline constexpr std::string_view rerender_counts =
    "SELECT state, count(*) FROM rerenders WHERE name = $1 GROUP BY state";
/// After next_rerender, in its transaction. Nothing else: whose lease ran out may still finish.
inline constexpr std::string_view put_off_rerender =
    "UPDATE rerenders SET due_at = $3 WHERE image_id = $1 AND name = $2";
inline constexpr std::string_view renew_rerender =
    "UPDATE rerenders SET due_at = $4 WHERE image_id = $1 AND name = $2 AND token = $3";
inline constexpr std::string_view finish_rerender =
    "DELETE FROM rerenders WHERE image_id = $1 AND name = $2 AND token = $3 RETURNING transform";
inline constexpr std::string_view variant_remade =
    "UPDATE variants SET transform = $10, updated_at = $3, blob = $4, format = $5, width_px = $6,"
    " height_px = $7, size_bytes = $8, sha256 = $9 WHERE image_id = $1 AND name = $2 AND status = 'ready'";
inline constexpr std::string_view fail_rerender =
    "UPDATE rerenders SET state = 'failed', token = NULL, error_code = $4, error_detail = $5"
    " WHERE image_id = $1 AND name = $2 AND token = $3";

// Bulk operations.

inline constexpr std::string_view unfinished_bulk_operations =
    "SELECT id FROM bulk_operations WHERE owner = $1 AND finished_at IS NULL LIMIT $2";
inline constexpr std::string_view create_bulk_operation =
    "INSERT INTO bulk_operations (id, owner, kind, status, created_after, created_before, position, upper,"
    " due_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
inline constexpr std::string_view bulk_operation_by_id =
    "SELECT " SAFELIGHT_BULK_COLUMNS " FROM bulk_operations WHERE id = $1 AND owner = $2";
inline constexpr std::string_view next_bulk_operation =
    "SELECT id FROM bulk_operations WHERE finished_at IS NULL AND due_at <= $1 ORDER BY due_at, id LIMIT 1";
inline constexpr std::string_view claim_bulk_operation =
    "UPDATE bulk_operations SET attempts = attempts + 1, due_at = $3"
    " WHERE id = $1 AND finished_at IS NULL AND due_at <= $2 RETURNING " SAFELIGHT_BULK_COLUMNS ", attempts";
inline constexpr std::string_view hold_bulk_operation =
    "UPDATE bulk_operations SET due_at = $3 WHERE id = $1 AND attempts = $2 AND finished_at IS NULL"
    " RETURNING owner, kind, status, position, upper";
inline constexpr std::string_view note_bulk_progress =
    "UPDATE bulk_operations SET position = $2, jobs_done = jobs_done + $3, jobs_skipped = jobs_skipped + $4"
    " WHERE id = $1";
inline constexpr std::string_view finish_bulk_operation =
    "UPDATE bulk_operations SET finished_at = $2 WHERE id = $1";
inline constexpr std::string_view forget_bulk_operations =
    "DELETE FROM bulk_operations WHERE finished_at <= $1";

// The blob ledger.

inline constexpr std::string_view make_live =
    "UPDATE blobs SET state = 'live' WHERE key = $1 AND state = 'writing'";
inline constexpr std::string_view doomed =
    "SELECT key FROM blobs WHERE state = 'doomed' AND key > $1 ORDER BY key LIMIT $2";
inline constexpr std::string_view entries =
    "SELECT key, state, deadline FROM blobs WHERE key > $1 ORDER BY key LIMIT $2";
/// In the place of a variant's name: BlobLedger::Reference::upload_part.
#define SAFELIGHT_UPLOAD_PART "'/upload'"
inline constexpr std::string_view entry = "SELECT key, state, deadline FROM blobs WHERE key = $1";

// Accounts and keys.

/// In the order of quota_fields.
#define SAFELIGHT_QUOTA_COLUMNS \
    "stored_bytes_max, images_max, uploads_per_minute_max, concurrent_uploads_max, pixels_per_day_max"
/// In the order of retention_fields.
#define SAFELIGHT_RETENTION_COLUMNS "delete_images_after_days, expire_variants_after_days"
#define SAFELIGHT_ACCOUNT_COLUMNS "id, name, " SAFELIGHT_QUOTA_COLUMNS ", " SAFELIGHT_RETENTION_COLUMNS
inline constexpr std::string_view create_account =
    "INSERT INTO accounts (" SAFELIGHT_ACCOUNT_COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
inline constexpr std::string_view account_by_id =
    "SELECT " SAFELIGHT_ACCOUNT_COLUMNS " FROM accounts WHERE id = $1";
inline constexpr std::string_view account_by_name =
    "SELECT " SAFELIGHT_ACCOUNT_COLUMNS " FROM accounts WHERE name = $1";
inline constexpr std::string_view list_accounts =
    "SELECT " SAFELIGHT_ACCOUNT_COLUMNS " FROM accounts WHERE id > $1 ORDER BY id LIMIT $2";
inline constexpr std::string_view hold_account =
    "UPDATE accounts SET name = name WHERE id = $1 RETURNING " SAFELIGHT_ACCOUNT_COLUMNS;
inline constexpr std::string_view set_quotas =
    "UPDATE accounts SET stored_bytes_max = $2, images_max = $3, uploads_per_minute_max = $4,"
    " concurrent_uploads_max = $5, pixels_per_day_max = $6 WHERE id = $1";
/// The account is looked at anew. When variants were read is known no longer than there is a rule, and only
/// as closely as it asked for: a shorter one begins anew.
inline constexpr std::string_view set_retention =
    "UPDATE accounts SET delete_images_after_days = $2, retention_due_at = 0, retention_position = NULL,"
    " expiry_since = CASE WHEN expire_variants_after_days > 0"
    " AND CAST($3 AS bigint) >= expire_variants_after_days THEN expiry_since END,"
    " expire_variants_after_days = $3 WHERE id = $1";

#define SAFELIGHT_KEY_COLUMNS "id, account, name, scopes, expires_at, revoked_at, last_used_at"
inline constexpr std::string_view create_key =
    "INSERT INTO api_keys (id, account, name, scopes, expires_at, revoked_at, secret_hash)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7)";
inline constexpr std::string_view key_by_secret =
    "SELECT " SAFELIGHT_KEY_COLUMNS " FROM api_keys WHERE secret_hash = $1";
inline constexpr std::string_view key_by_id = "SELECT " SAFELIGHT_KEY_COLUMNS " FROM api_keys WHERE id = $1";
inline constexpr std::string_view list_keys =
    "SELECT " SAFELIGHT_KEY_COLUMNS " FROM api_keys WHERE id > $1 ORDER BY id LIMIT $2";
inline constexpr std::string_view list_keys_of_account =
    "SELECT " SAFELIGHT_KEY_COLUMNS " FROM api_keys WHERE account = $3 AND id > $1 ORDER BY id LIMIT $2";
inline constexpr std::string_view revoke_key =
    "UPDATE api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";
inline constexpr std::string_view expire_key =
    "UPDATE api_keys SET expires_at = CASE WHEN expires_at < $2 THEN expires_at ELSE $2 END"
    " WHERE id = $1 AND revoked_at IS NULL";
inline constexpr std::string_view note_use =
    "UPDATE api_keys SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)";

// Kept answers.

inline constexpr std::string_view claim_key =
    "INSERT INTO idempotency_keys (account, key_hash, token, expires_at) VALUES ($1, $2, $3, $4)"
    " ON CONFLICT (account, key_hash) DO UPDATE SET token = excluded.token, expires_at = excluded.expires_at,"
    " fingerprint = NULL, answer = NULL WHERE idempotency_keys.expires_at <= $5";
inline constexpr std::string_view key_state =
    "SELECT expires_at, fingerprint, answer FROM idempotency_keys WHERE account = $1 AND key_hash = $2";
inline constexpr std::string_view renew_key =
    "UPDATE idempotency_keys SET expires_at = $4"
    " WHERE account = $1 AND key_hash = $2 AND token = $3 AND fingerprint IS NULL";
inline constexpr std::string_view release_key =
    "DELETE FROM idempotency_keys"
    " WHERE account = $1 AND key_hash = $2 AND token = $3 AND fingerprint IS NULL";
inline constexpr std::string_view keep_answer =
    "UPDATE idempotency_keys SET fingerprint = $4, answer = $5, expires_at = $6"
    " WHERE account = $1 AND key_hash = $2 AND token = $3 AND fingerprint IS NULL";
inline constexpr std::string_view amend_answer =
    "UPDATE idempotency_keys SET answer = $4"
    " WHERE account = $1 AND key_hash = $2 AND token = $3 AND fingerprint IS NOT NULL";
inline constexpr std::string_view overdue_keys =
    "SELECT account, key_hash FROM idempotency_keys WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2";
inline constexpr std::string_view drop_key =
    "DELETE FROM idempotency_keys WHERE account = $1 AND key_hash = $2 AND expires_at <= $3";

// Uploads that arrive in parts.

inline constexpr std::string_view unfinished_uploads =
    "SELECT count(*) FROM (SELECT 1 FROM uploads WHERE owner = $1 AND job IS NULL LIMIT $2) AS page";
inline constexpr std::string_view create_upload =
    "INSERT INTO uploads (id, owner, size_bytes, details, expires_at) VALUES ($1, $2, $3, $4, $5)";
inline constexpr std::string_view find_upload =
    "SELECT id, owner, size_bytes, received_bytes, parts, details, expires_at, job FROM uploads"
    " WHERE id = $1 AND owner = $2";
inline constexpr std::string_view parts_of_upload =
    "SELECT position, blob, size_bytes, sha256 FROM upload_parts"
    " WHERE upload = (SELECT id FROM uploads WHERE id = $1 AND owner = $2) ORDER BY position";
inline constexpr std::string_view move_upload =
    "UPDATE uploads SET received_bytes = $4, parts = parts + $5, expires_at = $6"
    " WHERE id = $1 AND owner = $2 AND received_bytes = $3 AND size_bytes > $4";
inline constexpr std::string_view add_upload_part =
    "INSERT INTO upload_parts (upload, position, blob, size_bytes, sha256) VALUES ($1, $2, $3, $4, $5)";
inline constexpr std::string_view end_upload =
    "UPDATE uploads SET received_bytes = size_bytes, job = $4, expires_at = $5"
    " WHERE id = $1 AND owner = $2 AND received_bytes = $3 AND job IS NULL";
inline constexpr std::string_view doom_upload_parts =
    "UPDATE blobs SET state = 'doomed' WHERE key IN (SELECT blob FROM upload_parts WHERE upload = $1)";
inline constexpr std::string_view delete_upload_parts = "DELETE FROM upload_parts WHERE upload = $1";
/// Changes nothing: from then on nobody else does until the end of the transaction.
inline constexpr std::string_view hold_upload =
    "UPDATE uploads SET expires_at = expires_at WHERE id = $1 AND owner = $2 RETURNING id";
inline constexpr std::string_view hold_overdue_upload =
    "UPDATE uploads SET expires_at = expires_at WHERE id = $1 AND expires_at <= $2 RETURNING id";
inline constexpr std::string_view hold_unfinished_upload =
    "UPDATE uploads SET expires_at = expires_at WHERE id = $1 AND owner = $2 AND received_bytes = $3"
    " AND job IS NULL RETURNING id";
inline constexpr std::string_view blobs_of_upload =
    "SELECT blob FROM upload_parts WHERE upload = $1 ORDER BY position";
inline constexpr std::string_view delete_upload = "DELETE FROM uploads WHERE id = $1";
inline constexpr std::string_view overdue_uploads =
    "SELECT id FROM uploads WHERE expires_at <= $1 ORDER BY expires_at, id LIMIT $2";

// Quotas.

inline constexpr std::string_view quotas_of_account =
    "SELECT " SAFELIGHT_QUOTA_COLUMNS " FROM accounts WHERE id = $1";
/// One row; $2 is the day, $3 the time. A minute that ends more than two minutes from now was begun by a
/// clock that is ahead, and is over. It is not one minute, because whoever begins one may have looked at the
/// clock a little later than whoever finds it. Sums are cast because PostgreSQL's have another type.
inline constexpr std::string_view usage_of_account =
    "SELECT (SELECT CAST(coalesce(sum(stored_bytes), 0) AS bigint) FROM account_usage WHERE account = $1),"
    " (SELECT CAST(coalesce(sum(images), 0) AS bigint) FROM account_usage WHERE account = $1),"
    " (SELECT CAST(coalesce(sum(pixels), 0) AS bigint) FROM account_pixels WHERE account = $1 AND day = $2),"
    " coalesce((SELECT uploads FROM upload_minutes"
    " WHERE account = $1 AND ends_at > $3 AND ends_at - 120000 <= $3), 0),"
    " (SELECT ends_at FROM upload_minutes WHERE account = $1 AND ends_at > $3 AND ends_at - 120000 <= $3),"
    " (SELECT count(*) FROM upload_places WHERE account = $1 AND expires_at > $3)";
/// $2 is the end of a minute that begins now ($3), $4 how many uploads there may be in it.
inline constexpr std::string_view count_upload =
    "INSERT INTO upload_minutes AS present (account, ends_at, uploads) VALUES ($1, $2, 1)"
    " ON CONFLICT (account) DO UPDATE SET"
    " ends_at = CASE WHEN present.ends_at <= $3 OR present.ends_at - 60000 > excluded.ends_at"
    " THEN excluded.ends_at ELSE present.ends_at END,"
    " uploads = CASE WHEN present.ends_at <= $3 OR present.ends_at - 60000 > excluded.ends_at"
    " THEN 1 ELSE present.uploads + 1 END"
    " WHERE present.ends_at <= $3 OR present.ends_at - 60000 > excluded.ends_at OR present.uploads < $4";
/// Changes nothing: from then on nobody else does until the end of the transaction.
inline constexpr std::string_view lock_upload_minute =
    "INSERT INTO upload_minutes AS present (account, ends_at, uploads) VALUES ($1, 0, 0)"
    " ON CONFLICT (account) DO UPDATE SET uploads = present.uploads";
inline constexpr std::string_view drop_upload_places =
    "DELETE FROM upload_places WHERE account = $1 AND expires_at <= $2";
inline constexpr std::string_view count_upload_places =
    "SELECT count(*) FROM upload_places WHERE account = $1";
inline constexpr std::string_view take_upload_place =
    "INSERT INTO upload_places (id, account, expires_at) VALUES ($1, $2, $3)";
inline constexpr std::string_view hold_upload_place =
    "UPDATE upload_places SET expires_at = $3 WHERE id = $1 AND expires_at > $2";
inline constexpr std::string_view leave_upload_place = "DELETE FROM upload_places WHERE id = $1";

/// A statement and what its tests call it.
struct Named {
    std::string_view name;
    std::string_view text;
};

/// All of the above.
inline constexpr Named shared[] = {
    {"insert_image", insert_image},
    {"work_asked_for", work_asked_for},
    {"failed_again", failed_again},
    {"work_asked_for_again", work_asked_for_again},
    {"claim_taken_away", claim_taken_away},
    {"pending_called_off", pending_called_off},
    {"set_focal_point", set_focal_point},
    {"take_focal_claim", take_focal_claim},
    {"take_focal_rerenders", take_focal_rerenders},
    {"remake_focal", remake_focal},
    {"dhash_of_image", dhash_of_image},
    {"blobs_of_variants", blobs_of_variants},
    {"delete_job", delete_job},
    {"delete_image", delete_image},
    {"renew", renew},
    {"give_back_done", give_back_done},
    {"variant_made", variant_made},
    {"variant_failed", variant_failed},
    {"image_seen", image_seen},
    {"status_and_lane", status_and_lane},
    {"claim", claim},
    {"put_off", put_off},
    {"claimable", claimable},
    {"survey", survey},
    {"take_unmade_claim", take_unmade_claim},
    {"change_unmade", change_unmade},
    {"rerenders_of_image", rerenders_of_image},
    {"rerender_counts", rerender_counts},
    {"put_off_rerender", put_off_rerender},
    {"renew_rerender", renew_rerender},
    {"finish_rerender", finish_rerender},
    {"variant_remade", variant_remade},
    {"fail_rerender", fail_rerender},
    {"unfinished_bulk_operations", unfinished_bulk_operations},
    {"create_bulk_operation", create_bulk_operation},
    {"bulk_operation_by_id", bulk_operation_by_id},
    {"next_bulk_operation", next_bulk_operation},
    {"claim_bulk_operation", claim_bulk_operation},
    {"hold_bulk_operation", hold_bulk_operation},
    {"note_bulk_progress", note_bulk_progress},
    {"finish_bulk_operation", finish_bulk_operation},
    {"forget_bulk_operations", forget_bulk_operations},
    {"make_live", make_live},
    {"doomed", doomed},
    {"entries", entries},
    {"entry", entry},
    {"create_account", create_account},
    {"account_by_id", account_by_id},
    {"account_by_name", account_by_name},
    {"list_accounts", list_accounts},
    {"hold_account", hold_account},
    {"set_quotas", set_quotas},
    {"set_retention", set_retention},
    {"create_key", create_key},
    {"key_by_secret", key_by_secret},
    {"key_by_id", key_by_id},
    {"list_keys", list_keys},
    {"list_keys_of_account", list_keys_of_account},
    {"revoke_key", revoke_key},
    {"expire_key", expire_key},
    {"note_use", note_use},
    {"claim_key", claim_key},
    {"key_state", key_state},
    {"renew_key", renew_key},
    {"release_key", release_key},
    {"keep_answer", keep_answer},
    {"amend_answer", amend_answer},
    {"overdue_keys", overdue_keys},
    {"drop_key", drop_key},
    {"unfinished_uploads", unfinished_uploads},
    {"create_upload", create_upload},
    {"find_upload", find_upload},
    {"parts_of_upload", parts_of_upload},
    {"move_upload", move_upload},
    {"add_upload_part", add_upload_part},
    {"end_upload", end_upload},
    {"doom_upload_parts", doom_upload_parts},
    {"delete_upload_parts", delete_upload_parts},
    {"hold_upload", hold_upload},
    {"hold_overdue_upload", hold_overdue_upload},
    {"hold_unfinished_upload", hold_unfinished_upload},
    {"blobs_of_upload", blobs_of_upload},
    {"delete_upload", delete_upload},
    {"overdue_uploads", overdue_uploads},
    {"quotas_of_account", quotas_of_account},
    {"usage_of_account", usage_of_account},
    {"count_upload", count_upload},
    {"lock_upload_minute", lock_upload_minute},
    {"drop_upload_places", drop_upload_places},
    {"count_upload_places", count_upload_places},
    {"take_upload_place", take_upload_place},
    {"hold_upload_place", hold_upload_place},
    {"leave_upload_place", leave_upload_place},
};

}  // namespace safelight::sql
