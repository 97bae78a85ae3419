#include "catalog/sql/retention.h"

#include <algorithm>
#include <chrono>

namespace safelight {
namespace {

std::optional<std::uint64_t> optional_number(Columns& columns) {
    if (!columns.next_is_null()) return columns.number<std::uint64_t>();
    columns.skip(1);
    return std::nullopt;
}

std::optional<Uuid> optional_uuid(Columns& columns) {
    if (!columns.next_is_null()) return columns.uuid();
    columns.skip(1);
    return std::nullopt;
}

}  // namespace

OwnRetention read_own_retention(Columns& columns) {
    OwnRetention own;
    for (const RetentionField& field : retention_fields) own.*field.value = optional_number(columns);
    return own;
}

AccountId read_account_id(Columns& columns) {
    return columns.id<AccountId>();
}

JobId read_job_of_image(Columns& columns) {
    return columns.id<JobId>();
}

DueRetention read_due_retention(Columns& columns) {
    DueRetention due;
    due.account = columns.id<AccountId>();
    due.own = read_own_retention(columns);
    due.due_at = columns.time();
    due.position = optional_uuid(columns);
    due.expiry_since = columns.optional_time();
    return due;
}

OverdueImage read_overdue_image(Columns& columns) {
    OverdueImage row;
    row.image = columns.id<ImageId>();
    row.job = columns.id<JobId>();
    row.is_overdue = !columns.next_is_null();
    return row;
}

OverdueVariant read_overdue_variant(Columns& columns) {
    OverdueVariant variant;
    variant.name = columns.text();
    variant.blob = columns.id<BlobKey>();
    return variant;
}

RemakingState read_remaking_state(Columns& columns) {
    RemakingState state;
    state.job.id = columns.id<JobId>();
    state.job.lane = read_lane(columns);
    const bool is_pending = columns.view() == "pending";
    state.is_expired = columns.number() != 0;
    state.is_asked_for = is_pending && !state.is_expired && !columns.next_is_null();
    return state;
}

Timestamp far_off(const RetentionLook& look, Timestamp now) {
    // Far more than any pause, and than clocks differ.
    return now + look.pause_min + std::chrono::days(1);
}

Timestamp noted_since(const DueRetention& account, Timestamp now) {
    // Then nobody followed the rule, nor noted what was read. Zero is due at once.
    const bool was_left_alone = account.due_at > Timestamp{} && now - account.due_at > std::chrono::days(1);
    if (!account.expiry_since || was_left_alone) return now;
    // By a clock that was ahead it would not be over for as long.
    return std::min(*account.expiry_since, now);
}

OverduePage page_of(const std::vector<OverdueImage>& rows, std::uint32_t images_max,
                    std::uint32_t looked_at_max) {
    std::map<ImageId, OverdueImage> images;
    for (const OverdueImage& row : rows) images.emplace(row.image, row);
    OverduePage page;
    ImageId last;
    for (const auto& [id, image] : images) {
        if (image.is_overdue && page.overdue.size() == images_max) {
            page.next_after = last.uuid;
            break;
        }
        if (image.is_overdue) page.overdue.push_back(image);
        last = id;
    }
    if (!page.next_after && images.size() >= looked_at_max) page.next_after = last.uuid;
    std::ranges::sort(page.overdue, {}, &OverdueImage::job);
    return page;
}

}  // namespace safelight
