// What a client says of a picture that is fetched from another server.
#pragma once

#include <string>
#include <string_view>

#include "api/upload_fields.h"
#include "base/result.h"

namespace safelight {

struct SourceRequest {
    std::string url;    // any text
    UploadFields said;  // as a form would say it
};

/// {"source_url": "https://…", "filename": …, "variants": …, "metadata": …, "focal_point": …, "priority": …}:
/// all but the first may be missing. Errors: invalid_argument, one fault for each member.
[[nodiscard]] Result<SourceRequest> parse_source_request(std::string_view text);

}  // namespace safelight
