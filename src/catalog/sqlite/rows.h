// Records that take a query of their own.
#pragma once

#include <optional>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "catalog/sql/rows.h"
#include "catalog/sqlite/connection.h"

namespace safelight::sqlite {

/// Runs through a query of variants; sorted by image and position.
[[nodiscard]] Result<std::vector<PlacedVariant>> read_variants(Query query);

/// With its variants; of any owner. Empty when it is gone.
[[nodiscard]] Result<std::optional<Image>> find_image(Connection& connection, ImageId id);

/// All variants of one image, in order.
[[nodiscard]] Result<std::vector<Variant>> variants_of(Connection& connection, ImageId image_id);

}  // namespace safelight::sqlite
