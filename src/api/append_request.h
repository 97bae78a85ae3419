// A request that has bytes for a resumable upload.
#pragma once

#include <optional>

#include "api/api.h"
#include "api/keyed_body.h"
#include "api/upload.h"
#include "base/checksum.h"
#include "http/message.h"
#include "service/resumable_ingest.h"

namespace safelight {

/// All of it outlives the request.
struct AppendRequest {
    const ApiParts& api;
    http::Request& request;
    const ResumableUpload& upload;  // as it was just found, not finished
    const std::optional<Checksum>& checksum;
    const UploadDetails& details;
    KeyedBody* keyed = nullptr;   // null without an Idempotency-Key
    bool keeps_what_came = true;  // when the body is cut off
};

/// The body into the upload, up to the job when that is all.
[[nodiscard]] http::Task<Received<UploadProgress>> receive_append(AppendRequest append);

}  // namespace safelight
