// Signed requests to one bucket, with retries.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/sha256.h"
#include "blobs/s3/credentials.h"
#include "blobs/s3/endpoint.h"
#include "blobs/s3/http_client.h"
#include "blobs/s3/refusal.h"
#include "blobs/s3/s3_config.h"
#include "blobs/s3/sigv4.h"

namespace safelight::s3 {

/// How long a request may be tried.
enum class Patience {
    full,  // all attempts within the configured time
    once,  // one attempt of a few seconds: for tidying up on the way out
};

struct S3Request {
    std::string method;
    std::string object = {};  // empty: the bucket itself
    std::vector<NameValue> query = {};
    std::vector<NameValue> headers = {};  // names in lower case
    std::span<const std::byte> body = {};
    std::optional<Sha256> body_sha256 = {};  // when it is known already
    std::span<std::byte> into = {};          // for the body of a success
    std::size_t answer_bytes_max = 64 * KiB;
    Patience patience = Patience::full;
};

struct Reply {
    HttpAnswer http;
    bool may_be_repeated = false;  // an earlier attempt may have been carried out as well
};

[[nodiscard]] HttpClientConfig client_config(const S3Config& config);

/// What Amazon calls the right to send it: "s3:PutObject".
[[nodiscard]] std::string_view right_for(const S3Request& request);

/// Any thread may call; calls block for up to S3Config::call_timeout. Whatever is sent has to be idempotent,
/// or its sender has to look at `may_be_repeated` and `may_have_acted`.
class Requester {
  public:
    /// `config`, `credentials` and `clock` must outlive it.
    Requester(const S3Config& config, CredentialsProvider& credentials, const Clock& clock);

    /// A 2xx whose body is no <Error>.
    [[nodiscard]] Outcome<Reply> send(const S3Request& request);

    /// Whether a request was given up in the last two seconds because the store was silent, and none has been
    /// answered since. What can be done later as well need not wait for the same silence again. Never blocks.
    [[nodiscard]] bool was_just_silent() const;

    /// A URL by which anybody can send this request for the object, without a body, at the address that
    /// clients know the store by. Errors: unavailable (no credentials).
    [[nodiscard]] Result<std::string> presigned_url(const std::string& method, const std::string& object,
                                                    std::vector<NameValue> query, unsigned expires_s);

  private:
    using Stopwatch = std::chrono::steady_clock;
    struct Attempt;
    [[nodiscard]] Attempt attempt(const S3Request& request, const std::string& payload_sha256,
                                  Milliseconds timeout);
    [[nodiscard]] HttpRequest signed_request(const S3Request& request, const std::string& payload_sha256,
                                             const Credentials& credentials) const;
    [[nodiscard]] Milliseconds pause_after(std::uint32_t attempts) const;

    const S3Config& config_;
    CredentialsProvider& credentials_;
    const Clock& clock_;
    const BucketUrl url_;
    const BucketUrl public_url_;
    HttpClient client_;
    std::atomic<Stopwatch::time_point> last_silence_{Stopwatch::time_point::min()};
};

}  // namespace safelight::s3
