#include "blobs/s3/refusal.h"

#include <algorithm>
#include <array>

#include "blobs/s3/http_status.h"

namespace safelight::s3 {
namespace {

struct Advice {
    std::string_view s3_code;
    std::string_view text;
};

constexpr std::array advices{
    Advice{"SignatureDoesNotMatch",
           "the secret key does not belong to the access key, or a proxy changes requests"},
    Advice{"InvalidAccessKeyId", "the store does not know the access key"},
    Advice{"AccessDenied", "the access key may not do this: mend its policy, or the keys"},
    Advice{"RequestTimeTooSkewed", "the clocks of this machine and of the store differ: set them"},
    Advice{"ExpiredToken", "the temporary credentials have expired"},
    Advice{"AuthorizationHeaderMalformed", "the region is not the bucket's: mend it in the URL"},
    Advice{"PermanentRedirect", "the bucket is elsewhere: mend the region or the endpoint in the URL"},
    Advice{"NoSuchBucket", "there is no such bucket: `safelight migrate up` makes it, or mend the URL"},
    Advice{"InvalidBucketName", "the store takes no bucket of that name: mend the URL"},
    Advice{"AccountProblem", "the store has closed the account"},
};

constexpr std::array<std::string_view, 4> full_codes{"QuotaExceeded", "XMinioStorageFull",
                                                     "XMinioAdminBucketQuotaExceeded", "InsufficientStorage"};

constexpr std::array<std::string_view, 2> bucket_codes{"BucketAlreadyOwnedByYou", "BucketAlreadyExists"};

constexpr std::array<std::string_view, 9> passing_codes{
    "SlowDown",         "InternalError",        "ServiceUnavailable",         "RequestTimeout", "Busy",
    "OperationAborted", "RequestLimitExceeded", "ConditionalRequestConflict", "ServerBusy"};

constexpr std::array<std::string_view, 3> expired_codes{"ExpiredToken", "TokenRefreshRequired",
                                                        "InvalidToken"};

template <std::size_t N>
bool holds(const std::array<std::string_view, N>& codes, std::string_view s3_code) {
    return std::ranges::find(codes, s3_code) != codes.end();
}

bool is_passing_status(int status) {
    using namespace http_status;
    return status == internal_error || status == bad_gateway || status == service_unavailable ||
           status == gateway_timeout || status == too_many_requests || status == request_timeout;
}

std::string_view advice_for(int status, std::string_view s3_code) {
    const auto* const known = std::ranges::find(advices, s3_code, &Advice::s3_code);
    if (known != advices.end()) return known->text;
    if (status == http_status::forbidden || status == http_status::unauthorized)
        return "the access key, the secret key or the policy is wrong";
    if (status == http_status::moved_permanently || status == http_status::temporary_redirect)
        return "the bucket is elsewhere: mend the region or the endpoint in the URL";
    if (s3_code.empty()) return "is the endpoint an S3 store?";
    return {};
}

}  // namespace

std::unexpected<Failure> unavailable(std::string log_text, bool may_have_acted) {
    return std::unexpected(Failure{
        .error = Error{ErrorCode::unavailable, "The storage is not available.", std::move(log_text), {}},
        .may_have_acted = may_have_acted});
}

Verdict judge(int status, std::string_view s3_code, bool is_head) {
    using namespace http_status;
    Verdict verdict;
    // Some operations begin to answer before they know; the error is in the body then.
    if (is_success(status) && s3_code.empty()) {
        verdict.is_success = true;
    } else if (status == insufficient_storage || holds(full_codes, s3_code)) {
        verdict.code = ErrorCode::storage_full;
    } else if (holds(expired_codes, s3_code)) {
        verdict.are_credentials_expired = verdict.may_pass = true;
        verdict.advice = advice_for(status, "ExpiredToken");
    } else if (holds(passing_codes, s3_code) || is_passing_status(status)) {
        verdict.may_pass = verdict.may_have_acted = true;
    } else if (status == precondition_failed || holds(bucket_codes, s3_code)) {
        verdict.refusal = Refusal::exists;
        verdict.code = ErrorCode::conflict;
    } else if (status == range_not_satisfiable) {
        verdict.refusal = Refusal::past_the_end;
    } else if (s3_code == "NoSuchUpload") {
        verdict.refusal = Refusal::no_such_upload;
    } else if (s3_code == "NoSuchBucket") {
        verdict.refusal = Refusal::no_bucket;
        verdict.advice = advice_for(status, s3_code);
    } else if (s3_code == "NoSuchKey" || (is_head && status == not_found)) {
        verdict.refusal = Refusal::not_found;
        verdict.code = ErrorCode::not_found;
    } else if (status == not_implemented || status == method_not_allowed || s3_code == "NotImplemented") {
        verdict.refusal = Refusal::not_implemented;
        verdict.advice = "the store does not know this request";
    } else if (s3_code == "EntityTooLarge") {
        verdict.code = ErrorCode::payload_too_large;
    } else {
        verdict.lacks_right = s3_code == "AccessDenied";
        verdict.advice = advice_for(status, s3_code);
    }
    return verdict;
}

}  // namespace safelight::s3
