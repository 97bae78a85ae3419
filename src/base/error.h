// What went wrong, in the words of the domain. No transport's status codes live here: the API has one table
// from ErrorCode to HTTP status.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace safelight {

enum class ErrorCode {
    // The caller's doing.
    invalid_argument,       // a value is malformed or out of range; Error::faults names each
    unsupported_image,      // the bytes are no picture of an accepted format
    invalid_image,          // the bytes claim to be a picture and are broken
    image_too_large,        // more pixels, or a longer side, than the limits allow
    too_many_frames,        // more frames or pages than the limits allow
    too_many_scans,         // a progressive JPEG with more scans than the limits allow
    payload_too_large,      // more bytes than the limits allow
    empty_payload,          // no bytes at all
    digest_mismatch,        // the content is not what its digest says
    not_found,              // no such thing, or somebody else's
    variant_not_ready,      // the variant exists, its bytes do not yet
    variant_failed,         // the variant exists, and could not be made
    conflict,               // the state does not allow it, e.g. a variant name is taken by another transform
    nothing_to_retry,       // the job has neither failed nor got stuck
    nothing_to_cancel,      // the job is finished
    unsupported_transform,  // what is asked for cannot be made of this picture or by this build
    unauthenticated,        // it is not known who asks
    forbidden,              // it is known, and may not
    invalid_signature,      // of a signed URL, or it has expired
    quota_exceeded,         // the account has all that it may have; Error::quota says of what
    // Passing trouble of the caller's own: its quotas. Error::quota says which, and until when.
    daily_quota_exceeded,  // the account has had all that it may have in a day
    rate_limited,          // the account has asked as often as it may for now
    too_many_uploads,      // as many of the account's uploads are under way as may be
    // Passing trouble: the same call may succeed later.
    unavailable,   // a dependency does not answer
    overloaded,    // a queue, a pool or a budget is full
    timeout,       // a deadline passed
    storage_full,  // no space is left
    cancelled,     // the caller, or a shutdown, called it off
    // Trouble with what we hold.
    fenced,              // the claim was lost: somebody else owns the job now, or it is gone
    corrupt_blob,        // stored bytes are not what was stored
    renderer_failed,     // the renderer died or misbehaved
    attempts_exhausted,  // given up after the last attempt
    internal,            // a bug
};

/// One fault of a caller's value. `pointer` is an RFC 6901 JSON pointer into a body, or "?name" for a query
/// parameter, or empty for the whole.
struct Fault {
    std::string pointer;
    std::string detail;

    bool operator==(const Fault&) const = default;
};

/// The quota that stands in the way.
struct ExceededQuota {
    std::string name;  // "stored_bytes"
    std::uint64_t limit = 0;
    std::uint64_t used = 0;                           // before what was refused
    std::optional<std::uint32_t> retry_after_s = {};  // when waiting helps

    bool operator==(const ExceededQuota&) const = default;
};

struct Error {
    ErrorCode code = ErrorCode::internal;
    std::string public_text;  // for the client: says nothing of paths, SQL or the inside
    std::string log_text;     // for the operator; empty when public_text says it all
    std::vector<Fault> faults;
    std::optional<ExceededQuota> quota = {};

    bool operator==(const Error&) const = default;
};

/// The stable name of a code, e.g. "image_too_large": in logs, metrics and the catalog.
[[nodiscard]] std::string_view name_of(ErrorCode code);

/// The inverse of name_of; `internal` for a name that this version does not know.
[[nodiscard]] ErrorCode error_code_from_name(std::string_view name);

/// True when the same work may succeed later with nothing changed by the caller.
[[nodiscard]] bool is_transient(ErrorCode code);

}  // namespace safelight
