#include "blobs/s3/s3_examination.h"

#include <vector>

#include "blobs/s3/endpoint.h"
#include "blobs/s3/http_client.h"
#include "blobs/s3/refusal.h"
#include "blobs/s3/requester.h"

namespace safelight {
namespace {

constexpr int questions = 3;
constexpr Milliseconds date_grain{1'000};

}  // namespace

Result<std::optional<ClockSkew>> examine_s3_clock(const S3Config& config, const Clock& clock) {
    TRY(config.validate());
    const s3::BucketUrl url = s3::bucket_url(config);
    s3::HttpClient client(s3::client_config(config));
    std::vector<ClockReading> readings;
    for (int i = 0; i < questions; ++i) {
        const Timestamp asked_at = clock.now();
        const auto answer = client.exchange({.method = "HEAD",
                                             .url = url.scheme + url.host + url.path_of({}),
                                             .headers = {},
                                             .body = {},
                                             .timeout = config.check_timeout / questions,
                                             .into = {}});
        if (!answer)
            return s3::plain(s3::Outcome<std::optional<ClockSkew>>(
                s3::unavailable("no answer from the S3 store at " + url.host + ": " + answer.error().text)));
        const auto date = parse_http_date(answer->header("date"));
        if (!date) continue;
        readings.push_back(
            {.asked_at = asked_at, .theirs = *date, .answered_at = clock.now(), .grain = date_grain});
    }
    return skew_of(readings);
}

}  // namespace safelight
