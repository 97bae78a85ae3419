#include "api/problems.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "api/authorisation.h"
#include "api/json.h"

namespace safelight {
namespace {

constexpr std::optional<std::uint32_t> never;

constexpr std::array<ProblemType, 53> types{{
    {Problem::invalid_argument, 400, "invalid-argument", "Invalid request",
     "A value of the request is malformed, out of range, unknown or given twice. Each fault is listed in "
     "\"errors\". Correct them before sending the request again.",
     never},
    {Problem::unsupported_image, 415, "unsupported-image", "Unsupported image format",
     "The bytes are no picture of an accepted format: JPEG, PNG, GIF, WebP, TIFF, AVIF or HEIC. The format "
     "is told "
     "by the bytes alone; file name and Content-Type do not count.",
     never},
    {Problem::invalid_image, 422, "invalid-image", "Broken image",
     "The bytes begin like a picture and are damaged or cut off.", never},
    {Problem::image_too_large, 422, "image-too-large", "Image dimensions too large",
     "The picture has more pixels, or a longer side, than this server accepts.", never},
    {Problem::too_many_frames, 422, "too-many-frames", "Too many frames",
     "The picture has more frames or pages than this server accepts.", never},
    {Problem::too_many_scans, 422, "too-many-scans", "Too many scans",
     "The progressive JPEG has more scans than this server accepts.", never},
    {Problem::payload_too_large, 413, "payload-too-large", "Body too large",
     "The body has more bytes than this server accepts.", never},
    {Problem::empty_payload, 400, "empty-payload", "Empty body", "The picture has no bytes at all.", never},
    {Problem::digest_mismatch, 400, "digest-mismatch", "Digest mismatch",
     "The bytes that arrived are not those of which Content-Digest tells. Nothing was stored; send them "
     "again.",
     never},
    {Problem::not_found, 404, "not-found", "Not found",
     "There is nothing at this address, or it is not yours.", never},
    {Problem::variant_not_ready, 404, "variant-not-ready", "Variant not ready",
     "The variant was asked for and is still being made. Try again after the time in Retry-After, or wait "
     "for the "
     "job with \"Prefer: wait=30\".",
     1},
    {Problem::variant_failed, 404, "variant-failed", "Variant could not be made",
     "The variant was asked for and could not be made. The job says why.", never},
    {Problem::conflict, 409, "conflict", "Conflict",
     "The present state does not allow the request; for example, the variant's name is taken by another "
     "transform.",
     never},
    {Problem::nothing_to_retry, 409, "nothing-to-retry", "Nothing to try again",
     "No variant of the job has failed, and the job is not stuck: it is finished, waits for its turn or is "
     "being worked on.",
     never},
    {Problem::nothing_to_cancel, 409, "nothing-to-cancel", "Nothing to cancel",
     "No variant of the job is pending any more.", never},
    {Problem::unsupported_transform, 422, "unsupported-transform", "Unsupported transform",
     "What is asked for cannot be made of this picture by this server.", never},
    {Problem::unauthenticated, 401, "unauthenticated", "Not authenticated",
     "This server asks for an API key, in a header field \"Authorization: Bearer sl_live_…\", or for a token "
     "(JWT) where it is set up to take any. There was none, or it is not, or not any more, a valid one.",
     never},
    {Problem::forbidden, 403, "forbidden", "Not allowed",
     "The API key, or the token, is valid, and lacks the scope that this call needs.", never},
    {Problem::invalid_signature, 403, "invalid-signature", "Signed URL not valid",
     "The URL has the parameters of a signed one, and was changed, is signed by a secret that this server "
     "does "
     "not have, or has expired. Ask whoever gave it to you for a new one.",
     never},
    {Problem::quota_exceeded, 403, "quota-exceeded", "Quota exceeded",
     "The account has all the bytes, or images, that it may have. \"quota\" says which, how many, and what "
     "there is. Waiting does not help: delete something, or ask the operator for more. Nothing was stored.",
     never},
    {Problem::daily_quota_exceeded, 429, "daily-quota-exceeded", "Quota of the day exceeded",
     "The account has sent pictures of as many pixels as it may in a day. Days begin at midnight UTC; "
     "Retry-After says when that is. Nothing was stored.",
     never},
    {Problem::rate_limited, 429, "rate-limited", "Too many uploads in a minute",
     "The account has begun as many uploads as it may in a minute. Try again after the time in Retry-After.",
     never},
    {Problem::too_many_uploads, 429, "too-many-uploads", "Too many uploads at a time",
     "As many of the account's uploads are under way as may be at a time. Try again when one has ended.", 1},
    {Problem::unavailable, 503, "unavailable", "Temporarily unavailable",
     "Something that this server depends on does not answer. Try again after the time in Retry-After.", 5},
    {Problem::overloaded, 503, "overloaded", "Overloaded",
     "This server has all the work that it can take. Try again after the time in Retry-After.", 2},
    {Problem::timeout, 503, "timeout", "Deadline passed",
     "The work took longer than it may. Try again after the time in Retry-After.", 5},
    {Problem::storage_full, 507, "storage-full", "Storage full",
     "No space is left for the picture. Nothing was stored. The operator of this server has to make room.",
     60},
    {Problem::cancelled, 503, "cancelled", "Called off",
     "The work was called off, as a rule because this server is shutting down. Try again after the time in "
     "Retry-After.",
     2},
    {Problem::fenced, 409, "fenced", "Superseded", "Another attempt has taken over the work.", never},
    {Problem::corrupt_blob, 500, "corrupt-blob", "Stored bytes are damaged",
     "The stored bytes are not those that were stored once. They are not given out. The operator of this "
     "server "
     "has to restore them.",
     never},
    {Problem::renderer_failed, 503, "renderer-failed", "Renderer failed",
     "The program that reads pictures broke off. Try again after the time in Retry-After; if it happens "
     "again, "
     "the picture is the cause.",
     5},
    {Problem::attempts_exhausted, 500, "attempts-exhausted", "Given up",
     "The work failed as often as it may be tried.", never},
    {Problem::internal, 500, "internal", "Internal error",
     "Something went wrong that should not have. The operator of this server finds more in its log under the "
     "request_id.",
     never},
    {Problem::bad_request, 400, "bad-request", "Bad request",
     "The bytes are no well-formed HTTP/1.1 request.", never},
    {Problem::length_required, 411, "length-required", "Length required",
     "The request needs a Content-Length or a chunked body.", never},
    {Problem::uri_too_long, 414, "uri-too-long", "Address too long", "The request's target is too long.",
     never},
    {Problem::header_fields_too_large, 431, "header-fields-too-large", "Header too large",
     "The request's header has too many fields or bytes.", never},
    {Problem::request_timeout, 408, "request-timeout", "Request too slow",
     "The request did not arrive in time. Nothing was stored.", never},
    {Problem::method_not_allowed, 405, "method-not-allowed", "Method not allowed",
     "This address does not know the method. The header field Allow lists those that it knows.", never},
    {Problem::not_implemented, 501, "not-implemented", "Not implemented",
     "The request uses a method or a transfer coding that this server does not speak.", never},
    {Problem::version_not_supported, 505, "version-not-supported", "HTTP version not supported",
     "This server speaks HTTP/1.1.", never},
    {Problem::expectation_failed, 417, "expectation-failed", "Expectation failed",
     "The only expectation that this server can meet is 100-continue.", never},
    {Problem::unsupported_media_type, 415, "unsupported-media-type", "Unsupported media type",
     "The body's Content-Type or Content-Encoding is none that this address takes.", never},
    {Problem::precondition_failed, 412, "precondition-failed", "Precondition failed",
     "A condition of the request (If-Match, If-Unmodified-Since) does not hold.", never},
    {Problem::range_not_satisfiable, 416, "range-not-satisfiable", "Range not satisfiable",
     "The range lies behind the last byte. The header field Content-Range tells the length.", never},
    {Problem::request_outstanding, 409, "request-outstanding",
     "A request is outstanding for this Idempotency-Key",
     "Another request with this Idempotency-Key is being served, or died a moment ago. Send this one again "
     "after "
     "the time in Retry-After: it will be given the other's answer.",
     1},
    {Problem::idempotency_key_reused, 422, "idempotency-key-already-used", "Idempotency-Key is already used",
     "The Idempotency-Key was used for another request: another address, or another body. Nothing was done. "
     "A "
     "new request needs a new key.",
     never},
    {Problem::checksum_mismatch, 460, "checksum-mismatch", "Checksum mismatch",
     "The bytes that arrived are not those of which Upload-Checksum tells. None of them was kept; send them "
     "again.",
     never},
    {Problem::tus_version, 412, "unsupported-tus-version", "Unsupported version of tus",
     "Resumable uploads follow version 1.0.0 of the tus protocol; the header field Tus-Resumable of every "
     "request has to say so.",
     never},
    {Problem::source_refused, 422, "source-refused", "Address not fetched from",
     "The \"source_url\", or an address that it redirects to, is none that this server fetches pictures "
     "from: "
     "its scheme is neither http nor https, it has credentials, its host or port is not among those that the "
     "operator permits, or its host has no public address. Nothing was stored.",
     never},
    {Problem::source_not_found, 422, "source-not-found", "No picture at the address",
     "The server at the \"source_url\" was asked, and answered that it does not give this server a picture "
     "from there (a status from 400 to 499). Nothing was stored.",
     never},
    {Problem::source_failed, 502, "source-failed", "Other server failed",
     "The server at the \"source_url\" could not be reached, is not who it says, answered with a failure of "
     "its own, redirects without end, or broke off. Nothing was stored. It may be worth another try later.",
     never},
    {Problem::source_timeout, 504, "source-timeout", "Other server too slow",
     "The server at the \"source_url\" did not send the picture in the time that it may take. Nothing was "
     "stored. It may be worth another try later.",
     never},
}};

constexpr bool is_in_order() {
    for (std::size_t i = 0; i < types.size(); ++i) {
        if (std::to_underlying(types[i].problem) != static_cast<int>(i)) return false;
    }
    return true;
}
static_assert(is_in_order(), "type_of() takes the enumerator as the index");

/// Where the fault lies: a JSON pointer into the body, or the name of a query parameter.
void append_fault(std::string& json, const Fault& fault) {
    if (fault.pointer.starts_with('?')) {
        json += R"({"parameter":)";
        append_quoted(json, std::string_view(fault.pointer).substr(1));
    } else {
        json += R"({"pointer":)";
        append_quoted(json, fault.pointer);
    }
    json += R"(,"detail":)";
    append_quoted(json, fault.detail);
    json += '}';
}

void append_quota(std::string& json, const ExceededQuota& quota) {
    json += R"(,"quota":{"name":)";
    append_quoted(json, quota.name);
    json += fmt::format(R"(,"limit":{},"used":{}}})", quota.limit, quota.used);
}

std::string document_of(const ProblemType& type, const Error& error, const http::Request* request) {
    std::string json = fmt::format(R"({{"type":"{}","title":"{}","status":{},"detail":)", uri_of(type),
                                   type.title, type.status);
    // A bug says nothing of the inside, whatever text came with it.
    const bool is_silent = type.problem == Problem::internal || error.public_text.empty();
    append_quoted(json, is_silent ? type.explanation : std::string_view(error.public_text));
    if (request != nullptr) {
        json += R"(,"instance":)";
        append_quoted(json, request->path);
        json += R"(,"request_id":)";
        append_quoted(json, request->request_id);
    }
    if (!error.faults.empty()) {
        json += R"(,"errors":[)";
        for (const Fault& fault : error.faults) {
            if (&fault != &error.faults.front()) json += ',';
            append_fault(json, fault);
        }
        json += ']';
    }
    if (error.quota) append_quota(json, *error.quota);
    json += '}';
    return json;
}

/// RFC 6750: who sent credentials is told that they are not good; who sent none, no more than that they are
/// needed.
const char* challenge_to(const http::Request* request) {
    if (request == nullptr || !bearer_of(*request)) return "Bearer realm=\"safelight\"";
    return "Bearer realm=\"safelight\", error=\"invalid_token\"";
}

}  // namespace

std::span<const ProblemType> problem_types() {
    return types;
}

const ProblemType& type_of(Problem problem) {
    return types.at(static_cast<std::size_t>(problem));
}

const ProblemType* find_problem_type(std::string_view slug) {
    for (const ProblemType& type : types) {
        if (type.slug == slug) return &type;
    }
    return nullptr;
}

std::string uri_of(const ProblemType& type) {
    return fmt::format("/problems/{}", type.slug);
}

Problem problem_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::invalid_argument:
            return Problem::invalid_argument;
        case ErrorCode::unsupported_image:
            return Problem::unsupported_image;
        case ErrorCode::invalid_image:
            return Problem::invalid_image;
        case ErrorCode::image_too_large:
            return Problem::image_too_large;
        case ErrorCode::too_many_frames:
            return Problem::too_many_frames;
        case ErrorCode::too_many_scans:
            return Problem::too_many_scans;
        case ErrorCode::payload_too_large:
            return Problem::payload_too_large;
        case ErrorCode::empty_payload:
            return Problem::empty_payload;
        case ErrorCode::digest_mismatch:
            return Problem::digest_mismatch;
        case ErrorCode::not_found:
            return Problem::not_found;
        case ErrorCode::variant_not_ready:
            return Problem::variant_not_ready;
        case ErrorCode::variant_failed:
            return Problem::variant_failed;
        case ErrorCode::conflict:
            return Problem::conflict;
        case ErrorCode::nothing_to_retry:
            return Problem::nothing_to_retry;
        case ErrorCode::nothing_to_cancel:
            return Problem::nothing_to_cancel;
        case ErrorCode::unsupported_transform:
            return Problem::unsupported_transform;
        case ErrorCode::unauthenticated:
            return Problem::unauthenticated;
        case ErrorCode::forbidden:
            return Problem::forbidden;
        case ErrorCode::invalid_signature:
            return Problem::invalid_signature;
        case ErrorCode::quota_exceeded:
            return Problem::quota_exceeded;
        case ErrorCode::daily_quota_exceeded:
            return Problem::daily_quota_exceeded;
        case ErrorCode::rate_limited:
            return Problem::rate_limited;
        case ErrorCode::too_many_uploads:
            return Problem::too_many_uploads;
        case ErrorCode::unavailable:
            return Problem::unavailable;
        case ErrorCode::overloaded:
            return Problem::overloaded;
        case ErrorCode::timeout:
            return Problem::timeout;
        case ErrorCode::storage_full:
            return Problem::storage_full;
        case ErrorCode::cancelled:
            return Problem::cancelled;
        case ErrorCode::fenced:
            return Problem::fenced;
        case ErrorCode::corrupt_blob:
            return Problem::corrupt_blob;
        case ErrorCode::renderer_failed:
            return Problem::renderer_failed;
        case ErrorCode::attempts_exhausted:
            return Problem::attempts_exhausted;
        case ErrorCode::internal:
            return Problem::internal;
    }
    return Problem::internal;
}

Problem problem_of(http::ServerProblem problem) {
    using enum http::ServerProblem;
    switch (problem) {
        case bad_request:
            return Problem::bad_request;
        case length_required:
            return Problem::length_required;
        case payload_too_large:
            return Problem::payload_too_large;
        case uri_too_long:
            return Problem::uri_too_long;
        case header_fields_too_large:
            return Problem::header_fields_too_large;
        case request_timeout:
            return Problem::request_timeout;
        case not_found:
            return Problem::not_found;
        case method_not_allowed:
            return Problem::method_not_allowed;
        case not_implemented:
            return Problem::not_implemented;
        case version_not_supported:
            return Problem::version_not_supported;
        case expectation_failed:
            return Problem::expectation_failed;
        case handler_failed:
            return Problem::internal;
        case too_many_connections:
            return Problem::overloaded;
    }
    return Problem::internal;
}

std::unexpected<Refusal> refuse(Error error) {
    const Problem problem = problem_of(error.code);
    return std::unexpected(Refusal{problem, std::move(error), {}});
}

std::unexpected<Refusal> refuse(Problem problem, std::string detail) {
    return std::unexpected(
        Refusal{problem, Error{ErrorCode::invalid_argument, std::move(detail), {}, {}}, {}});
}

http::Response render(const Refusal& refusal, const http::Request* request) {
    const ProblemType& type = type_of(refusal.problem);
    http::Response response;
    response.status = type.status;
    response.headers = refusal.headers;
    response.headers.set("Content-Type", "application/problem+json");
    response.headers.set("Cache-Control", "no-store");
    response.headers.set("X-Content-Type-Options", "nosniff");
    if (refusal.problem == Problem::unauthenticated)
        response.headers.set("WWW-Authenticate", challenge_to(request));
    if (refusal.error.quota && refusal.error.quota->retry_after_s) {
        response.headers.set("Retry-After", std::to_string(*refusal.error.quota->retry_after_s));
    } else if (type.retry_after_s) {
        response.headers.set("Retry-After", std::to_string(*type.retry_after_s));
    }
    response.body = document_of(type, refusal.error, request);
    return response;
}

std::string page_of(const ProblemType& type) {
    return fmt::format(R"(<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}}</style></head>
<body>
<h1>{title}</h1>
<p>{explanation}</p>
<p>Type <code>/problems/{slug}</code>, HTTP status {status}. See <a href="/api-docs">the API's documentation</a>.</p>
</body>
</html>
)",
                       fmt::arg("title", type.title), fmt::arg("explanation", type.explanation),
                       fmt::arg("slug", type.slug), fmt::arg("status", type.status));
}

}  // namespace safelight
