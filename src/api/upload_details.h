// What is said with a picture, as values.
#pragma once

#include <optional>
#include <string_view>

#include "api/api.h"
#include "api/upload_fields.h"
#include "base/sha256.h"
#include "http/message.h"
#include "service/ingest.h"

namespace safelight {

/// `place`: "?" for the query, "/" for the form or the JSON object. Errors: invalid_argument, one fault for
/// each field.
[[nodiscard]] Status read_details(const ApiParts& api, const UploadFields& said, std::string_view place,
                                  UploadDetails& details);

/// The SHA-256 of Content-Digest, if it has one. Errors: invalid_argument.
[[nodiscard]] Result<std::optional<Sha256>> digest_of(const http::Request& request);

}  // namespace safelight
