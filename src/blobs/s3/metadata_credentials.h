// Temporary credentials from where the program runs: Amazon's metadata service of a machine (IMDSv2), or of a
// container (ECS, EKS Pod Identity).
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "blobs/s3/credentials.h"

namespace safelight::s3 {

struct MetadataConfig {
    Milliseconds timeout{2'000};         // of one request
    Milliseconds renew_before{300'000};  // so long before they expire, new ones are asked for
};

/// The role of the machine; `endpoint` without a path. `clock` must outlive the provider.
[[nodiscard]] std::unique_ptr<CredentialsProvider> make_instance_credentials(
    const Clock& clock, const MetadataConfig& config = {}, std::string endpoint = "http://169.254.169.254");

/// The role of the container. `url` is AWS_CONTAINER_CREDENTIALS_FULL_URI, or http://169.254.170.2 and
/// AWS_CONTAINER_CREDENTIALS_RELATIVE_URI. `token_file` is read anew each time; empty: `token` is sent, if
/// any.
[[nodiscard]] std::unique_ptr<CredentialsProvider> make_container_credentials(const Clock& clock,
                                                                              const MetadataConfig& config,
                                                                              std::string url,
                                                                              std::string token,
                                                                              std::string token_file);

}  // namespace safelight::s3
