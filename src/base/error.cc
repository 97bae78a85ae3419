#include "base/error.h"

#include <array>
#include <utility>

namespace safelight {
namespace {

constexpr std::array<std::pair<ErrorCode, std::string_view>, 33> names{{
    {ErrorCode::invalid_argument, "invalid_argument"},
    {ErrorCode::unsupported_image, "unsupported_image"},
    {ErrorCode::invalid_image, "invalid_image"},
    {ErrorCode::image_too_large, "image_too_large"},
    {ErrorCode::too_many_frames, "too_many_frames"},
    {ErrorCode::too_many_scans, "too_many_scans"},
    {ErrorCode::payload_too_large, "payload_too_large"},
    {ErrorCode::empty_payload, "empty_payload"},
    {ErrorCode::digest_mismatch, "digest_mismatch"},
    {ErrorCode::not_found, "not_found"},
    {ErrorCode::variant_not_ready, "variant_not_ready"},
    {ErrorCode::variant_failed, "variant_failed"},
    {ErrorCode::conflict, "conflict"},
    {ErrorCode::nothing_to_retry, "nothing_to_retry"},
    {ErrorCode::nothing_to_cancel, "nothing_to_cancel"},
    {ErrorCode::unsupported_transform, "unsupported_transform"},
    {ErrorCode::unauthenticated, "unauthenticated"},
    {ErrorCode::forbidden, "forbidden"},
    {ErrorCode::invalid_signature, "invalid_signature"},
    {ErrorCode::quota_exceeded, "quota_exceeded"},
    {ErrorCode::daily_quota_exceeded, "daily_quota_exceeded"},
    {ErrorCode::rate_limited, "rate_limited"},
    {ErrorCode::too_many_uploads, "too_many_uploads"},
    {ErrorCode::unavailable, "unavailable"},
    {ErrorCode::overloaded, "overloaded"},
    {ErrorCode::timeout, "timeout"},
    {ErrorCode::storage_full, "storage_full"},
    {ErrorCode::cancelled, "cancelled"},
    {ErrorCode::fenced, "fenced"},
    {ErrorCode::corrupt_blob, "corrupt_blob"},
    {ErrorCode::renderer_failed, "renderer_failed"},
    {ErrorCode::attempts_exhausted, "attempts_exhausted"},
    {ErrorCode::internal, "internal"},
}};

}  // namespace

std::string_view name_of(ErrorCode code) {
    for (const auto& [known, name] : names) {
        if (known == code) return name;
    }
    return "internal";
}

ErrorCode error_code_from_name(std::string_view name) {
    for (const auto& [code, known] : names) {
        if (known == name) return code;
    }
    return ErrorCode::internal;
}

bool is_transient(ErrorCode code) {
    switch (code) {
        case ErrorCode::daily_quota_exceeded:
        case ErrorCode::rate_limited:
        case ErrorCode::too_many_uploads:
        case ErrorCode::unavailable:
        case ErrorCode::overloaded:
        case ErrorCode::timeout:
        case ErrorCode::storage_full:
        case ErrorCode::cancelled:
        case ErrorCode::renderer_failed:
            return true;
        default:
            return false;
    }
}

}  // namespace safelight
