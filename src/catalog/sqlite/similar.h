// The images that look like another one.
#pragma once

#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "catalog/sqlite/connection.h"

namespace safelight::sqlite {

/// As Catalog::similar_images. Reads the hashes of all of the owner's images from an index that holds nothing
/// else, keeps the best `limit`, and fetches those.
[[nodiscard]] Result<std::vector<SimilarImage>> similar_to(Connection& connection, const SimilarQuery& query);

}  // namespace safelight::sqlite
