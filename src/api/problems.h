// The one place where HTTP status codes are given to what went wrong, and how a problem is written (RFC
// 9457).
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "http/message.h"
#include "http/server.h"

namespace safelight {

/// Every kind of problem that this API answers with.
enum class Problem {
    // One for each ErrorCode.
    invalid_argument,
    unsupported_image,
    invalid_image,
    image_too_large,
    too_many_frames,
    too_many_scans,
    payload_too_large,
    empty_payload,
    digest_mismatch,
    not_found,
    variant_not_ready,
    variant_failed,
    conflict,
    nothing_to_retry,
    nothing_to_cancel,
    unsupported_transform,
    unauthenticated,
    forbidden,
    invalid_signature,
    quota_exceeded,
    daily_quota_exceeded,
    rate_limited,
    too_many_uploads,
    unavailable,
    overloaded,
    timeout,
    storage_full,
    cancelled,
    fenced,
    corrupt_blob,
    renderer_failed,
    attempts_exhausted,
    internal,
    // HTTP's own.
    bad_request,
    length_required,
    uri_too_long,
    header_fields_too_large,
    request_timeout,
    method_not_allowed,
    not_implemented,
    version_not_supported,
    expectation_failed,
    unsupported_media_type,
    precondition_failed,
    range_not_satisfiable,
    // Of an Idempotency-Key.
    request_outstanding,
    idempotency_key_reused,
    // Of resumable uploads.
    checksum_mismatch,
    tus_version,
    // Of a picture that is fetched from another server.
    source_refused,
    source_not_found,
    source_failed,
    source_timeout,
};

struct ProblemType {
    Problem problem;
    int status;
    std::string_view slug;  // the last part of the type's URI
    std::string_view title;
    std::string_view explanation;  // for the page: what it means and what to do
    std::optional<std::uint32_t> retry_after_s;
};

/// All of them, in the order of the enumeration.
[[nodiscard]] std::span<const ProblemType> problem_types();
[[nodiscard]] const ProblemType& type_of(Problem problem);
[[nodiscard]] const ProblemType* find_problem_type(std::string_view slug);
/// "/problems/not-found"
[[nodiscard]] std::string uri_of(const ProblemType& type);

[[nodiscard]] Problem problem_of(ErrorCode code);
[[nodiscard]] Problem problem_of(http::ServerProblem problem);

/// A request that is not served: which problem, and the error behind it.
struct Refusal {
    Problem problem = Problem::internal;
    Error error;
    http::Headers headers;  // beside those that every problem has
};
using Answer = std::expected<http::Response, Refusal>;

[[nodiscard]] std::unexpected<Refusal> refuse(Error error);
[[nodiscard]] std::unexpected<Refusal> refuse(Problem problem, std::string detail);

/// The problem document. `request` is null when its header could not be read.
[[nodiscard]] http::Response render(const Refusal& refusal, const http::Request* request);

/// What is shown at the type's URI.
[[nodiscard]] std::string page_of(const ProblemType& type);

}  // namespace safelight
