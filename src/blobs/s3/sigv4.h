// AWS Signature Version 4 for S3: pure functions of the request, the credentials and the time.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "blobs/s3/credentials.h"
#include "blobs/s3/name_value.h"

namespace safelight::s3 {

/// Everything but unreserved characters (RFC 3986) becomes %XX; '/' as well, unless it is kept.
[[nodiscard]] std::string percent_encode(std::string_view text, bool keeps_slashes = false);

/// Sorted and encoded: what is signed, and what is sent. A value may be empty ("uploads=").
[[nodiscard]] std::string canonical_query(std::span<const NameValue> query);

/// "20130524T000000Z".
[[nodiscard]] std::string amz_date(Timestamp time);

struct UnsignedRequest {
    std::string method;
    std::string path;                // encoded, as it is sent: "/bucket/a%20b"
    std::vector<NameValue> query;    // not encoded, in any order
    std::vector<NameValue> headers;  // lower-case names; all are signed; "host" has to be among them
    std::string payload_sha256;      // in hexadecimal, or unsigned_payload
};

inline constexpr std::string_view unsigned_payload = "UNSIGNED-PAYLOAD";

/// The value of the Authorization header. `request.headers` have to hold x-amz-date of the same time and,
/// with a session token, x-amz-security-token.
[[nodiscard]] std::string authorization(const UnsignedRequest& request, const Credentials& credentials,
                                        std::string_view region, Timestamp time);

/// The query, with signature, by which anybody may send the request until `expires_s` seconds after `time`.
/// The payload is not signed.
[[nodiscard]] std::string presigned_query(const UnsignedRequest& request, const Credentials& credentials,
                                          std::string_view region, Timestamp time, unsigned expires_s);

}  // namespace safelight::s3
