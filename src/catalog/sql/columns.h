// Lists of columns that statements select; rows.h beside this reads them in this order.
#pragma once

#define SAFELIGHT_IMAGE_COLUMNS                                                                 \
    "images.id, images.owner, images.filename, images.blob, images.size_bytes, images.sha256, " \
    "images.format, "                                                                           \
    "images.width_px, images.height_px, images.frames, images.has_alpha, images.colour_space, " \
    "images.orientation, "                                                                      \
    "images.camera_make, images.camera_model, images.taken_at, images.artist, "                 \
    "images.copyright, images.latitude, images.longitude, images.focal_x, images.focal_y, "     \
    "images.dhash, images.dominant, images.palette, images.thumbhash, images.blurhash"
#define SAFELIGHT_JOB_COLUMNS                                                                    \
    "jobs.id, jobs.owner, jobs.status, jobs.priority, jobs.lane, jobs.attempts, jobs.metadata, " \
    "jobs.updated_at, jobs.finished_at"
#define SAFELIGHT_VARIANT_COLUMNS                                                                \
    "variants.image_id, variants.name, variants.position, variants.transform, variants.status, " \
    "variants.expired, variants.updated_at, variants.read_at, variants.blob, variants.format, "  \
    "variants.width_px, variants.height_px, "                                                    \
    "variants.size_bytes, variants.sha256, variants.error_code, variants.error_detail"
#define SAFELIGHT_BULK_COLUMNS \
    "id, owner, kind, status, created_after, created_before, jobs_done, jobs_skipped, finished_at"

namespace safelight {

inline constexpr int image_column_count = 27;
inline constexpr int job_column_count = 9;

}  // namespace safelight
