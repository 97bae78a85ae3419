// Which URL a bucket and an object have.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "blobs/s3/s3_config.h"

namespace safelight::s3 {

struct Endpoint {
    bool is_tls = false;
    bool is_address = false;  // an IP address, no name
    std::string authority;    // host, and port unless it is the scheme's own: as in the Host header

    bool operator==(const Endpoint&) const = default;
};

/// Takes scheme, host and port; empty for anything else.
[[nodiscard]] std::optional<Endpoint> parse_endpoint(std::string_view url);

/// The configured one, or Amazon's of the region.
[[nodiscard]] std::string endpoint_of(const S3Config& config);

/// What every request of one bucket begins with.
struct BucketUrl {
    std::string scheme;  // "http://"
    std::string host;    // the Host header's value
    std::string path;    // "/" or "/bucket/", encoded

    [[nodiscard]] std::string path_of(std::string_view object) const;  // encoded; the bucket's own when empty
};

/// `config` has to be valid.
[[nodiscard]] BucketUrl bucket_url(const S3Config& config);
/// The same, as clients reach it.
[[nodiscard]] BucketUrl public_bucket_url(const S3Config& config);

}  // namespace safelight::s3
