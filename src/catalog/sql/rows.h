// From rows to records.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "catalog/catalog.h"
#include "catalog/sql/columns.h"
#include "catalog/sql/row.h"

namespace safelight {

/// SAFELIGHT_IMAGE_COLUMNS; without its variants.
[[nodiscard]] Image read_image(Columns& columns);
/// jobs.lane.
[[nodiscard]] Lane read_lane(Columns& columns);
/// jobs.id, jobs.lane.
[[nodiscard]] WaitingJob read_waiting_job(Columns& columns);
/// SAFELIGHT_JOB_COLUMNS, SAFELIGHT_IMAGE_COLUMNS: with its image, without variants.
[[nodiscard]] Job read_job(Columns& columns);

/// SAFELIGHT_JOB_COLUMNS, SAFELIGHT_IMAGE_COLUMNS, change: likewise.
[[nodiscard]] JobChange read_job_change(Columns& columns);

/// A variant with what places it.
struct PlacedVariant {
    ImageId image_id;
    std::int64_t position = 0;
    Variant variant;
};
/// SAFELIGHT_VARIANT_COLUMNS.
[[nodiscard]] PlacedVariant read_variant(Columns& columns);

/// By image, then by position.
void sort_by_place(std::vector<PlacedVariant>& variants);
/// The variants alone, in order.
[[nodiscard]] std::vector<Variant> without_places(std::vector<PlacedVariant> variants);
/// Hands the variants, in order, to the images they belong to.
void distribute(std::vector<PlacedVariant> variants, std::span<Image* const> images);

/// key, state, deadline.
[[nodiscard]] LedgerEntry read_entry(Columns& columns);
/// key, size_bytes, sha256, image_id, variant.
[[nodiscard]] BlobLedger::Reference read_reference(Columns& columns);
[[nodiscard]] BlobKey read_key(Columns& columns);

/// As the columns `dominant` and `palette` keep them: three bytes each.
[[nodiscard]] std::vector<std::byte> bytes_of(std::span<const Colour> colours);

}  // namespace safelight
