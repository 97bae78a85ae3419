// The body of a request on its way to where it is wanted: a picture into Ingest, a short text into memory.
#pragma once

#include <expected>
#include <string>

#include "api/api.h"
#include "api/problems.h"
#include "http/task.h"

namespace safelight {

template <class T>
using Received = std::expected<T, Refusal>;

class IdempotentCall;
class UploadQuota;

/// The whole of POST /v1/jobs up to the job: a raw picture or a form. Bytes are gathered and handed to the
/// pool in pieces of upload_piece_bytes, so that a small picture costs one hop and a large one bounded
/// memory. `call` may be null; it is told the request's fingerprint, and its answer is kept together with the
/// job. Of a call that was served before nothing is stored, and of the job only the picture's hash counts.
/// Begins `quota`, which is left to be ended.
[[nodiscard]] http::Task<Received<Job>> receive_upload(const ApiParts& api, const Principal& principal,
                                                       http::Request& request, IdempotentCall* call,
                                                       UploadQuota& quota);

/// Refuses a body that is coded: with a Content-Encoding.
[[nodiscard]] Received<void> check_coding(const http::Request& request);

/// What went wrong while a body came in.
[[nodiscard]] std::unexpected<Refusal> refuse_body(Error error);

/// What POSTs that are no uploads may have as a body.
inline constexpr std::uint64_t post_text_bytes_max = 64 * 1'024;

/// A body that is text.
[[nodiscard]] http::Task<Received<std::string>> read_body(http::Request& request, std::uint64_t bytes_max);

/// A body that is text, of a request that needs `scope`: whether it still has it is asked once more at the
/// end, since a slow client may take minutes.
[[nodiscard]] http::Task<Received<std::string>> read_body_text(const ApiParts& api, http::Request& request,
                                                               Scope scope, std::uint64_t bytes_max);

inline constexpr std::size_t upload_piece_bytes = 256 * 1'024;

}  // namespace safelight
