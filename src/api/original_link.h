// Large originals that clients fetch from the store itself.
#pragma once

#include <optional>

#include "api/api.h"
#include "api/problems.h"
#include "catalog/records.h"

namespace safelight {

/// The redirect by which the request for that image's original is answered; or none, when its bytes pass
/// through this process. Whether the image may be seen by whoever asks has been settled before. May block.
[[nodiscard]] std::optional<Answer> redirect_to_original(const OriginalLinks& links,
                                                         const http::Request& request, const Image& image);

}  // namespace safelight
