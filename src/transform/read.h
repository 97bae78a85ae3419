#pragma once

#include "transform/object_reader.h"
#include "transform/transform.h"

namespace safelight {

/// Reads and checks the members of a transform's JSON object; what is wrong is added to the reader's faults,
/// and the value means nothing then.
[[nodiscard]] Transform read_transform(ObjectReader reader);

}  // namespace safelight
