#pragma once

#include "transform/object_reader.h"
#include "transform/transform.h"

namespace safelight {

/// Reads the members of a transform's JSON object: their ranges, and what cannot stand together. What is
/// wrong is added to the reader's faults, and the value means nothing then.
[[nodiscard]] Transform read_transform(ObjectReader reader);

/// Adds as faults what a format that is named makes meaningless.
void check_format(ObjectReader reader, const Transform& transform);

}  // namespace safelight
