// What is said with a picture, as typed values.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/api.h"
#include "api/upload_fields.h"
#include "base/result.h"
#include "base/sha256.h"
#include "http/message.h"
#include "service/ingest.h"

namespace safelight {

/// What the query says. Errors: invalid_argument (a parameter that is unknown, or given twice).
[[nodiscard]] Result<UploadFields> said_in_query(const http::Request& request);

/// Both together; each field may be said once. `where` names the place of the others, for faults: "the form".
/// Errors: invalid_argument.
[[nodiscard]] Result<UploadFields> said_in_all(const UploadFields& in_query, UploadFields elsewhere,
                                               std::string_view where);

/// Into `details`, as far as it was said; variants are the default ones when they were not. `place` begins
/// the pointers of faults: "?" for the query, "/" for a form or a JSON object. Errors: invalid_argument, with
/// every fault.
[[nodiscard]] Status read_details(const ApiParts& api, const UploadFields& said, std::string_view place,
                                  UploadDetails& details);

/// The SHA-256 of Content-Digest, if it has one. Errors: invalid_argument.
[[nodiscard]] Result<std::optional<Sha256>> digest_of(const http::Request& request);

/// What was said, to be kept and read again by kept_fields: variants with their transforms as they are now,
/// whatever becomes of presets. `said` was read into `details`.
[[nodiscard]] std::string kept_text(const UploadFields& said, const UploadDetails& details);
/// Empty for what kept_text has not written.
[[nodiscard]] std::optional<UploadFields> kept_fields(std::string_view text);

}  // namespace safelight
