// The real S3 server of the tests, and stores on it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "blobs/s3/bucket.h"
#include "blobs/s3/credentials.h"
#include "blobs/s3/requester.h"
#include "blobs/s3/s3_config.h"
#include "blobs/s3/s3_store.h"

namespace safelight::s3 {

/// From the environment, with short pauses and a prefix that nobody else has. Throws, and so fails the test,
/// when there is no server: ./test starts one.
[[nodiscard]] S3Config test_config();
[[nodiscard]] Credentials test_credentials();
/// False for MinIO, which lists unfinished uploads only of an object whose name is given whole: what a dead
/// process left is found by its key, which the ledger has, and not by a listing. (MinIO forgets such uploads
/// by itself after a day.)
[[nodiscard]] bool lists_uploads_by_prefix();
/// Of the real server.
[[nodiscard]] int test_port();

/// Throws when it is refused.
[[nodiscard]] std::unique_ptr<S3Store> test_store(const S3Config& config, const Clock& clock,
                                                  Credentials credentials = test_credentials());

/// The bucket, past the store.
class RawBucket {
  public:
    RawBucket(const S3Config& config, const Clock& clock);

    [[nodiscard]] bool place(const std::string& object, std::string_view content);
    /// Of an object; without one, those of all objects, as far as the server lists them.
    [[nodiscard]] std::vector<ListedUpload> uploads(const std::string& object = {});
    [[nodiscard]] std::vector<std::string> objects();
    [[nodiscard]] Bucket& bucket() { return bucket_; }

  private:
    const S3Config config_;
    const std::unique_ptr<CredentialsProvider> credentials_;
    Requester requester_;
    Bucket bucket_;
};

}  // namespace safelight::s3
