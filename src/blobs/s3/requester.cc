#include "blobs/s3/requester.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <thread>
#include <utility>

#include "base/random.h"
#include "blobs/s3/answers.h"
#include "blobs/s3/http_status.h"

namespace safelight::s3 {
namespace {

constexpr Milliseconds tidying_timeout{5'000};
constexpr std::size_t error_bytes_max = 64 * KiB;

Milliseconds since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration_cast<Milliseconds>(std::chrono::steady_clock::now() - start);
}

/// For the log: what was asked for, without the query's values.
std::string described(const S3Request& request) {
    std::string text = request.method + " " + (request.object.empty() ? "the bucket" : request.object);
    if (!request.query.empty()) text += "?" + request.query.front().first;
    return text;
}

/// Conditions and ranges are left to whoever is on the way.
bool has_to_be_signed(std::string_view header) {
    return header == "host" || header == "content-type" || header.starts_with("x-amz-");
}

std::string failure_text(int status, std::string_view s3_code, std::string_view advice) {
    std::string text = fmt::format("the S3 store answered {}", status);
    if (!s3_code.empty()) text.append(" ").append(s3_code);
    if (!advice.empty()) text.append(": ").append(advice);
    return text;
}

std::string_view public_text(ErrorCode code) {
    switch (code) {
        case ErrorCode::storage_full:
            return "The storage is full.";
        case ErrorCode::payload_too_large:
            return "The storage takes nothing of this size.";
        case ErrorCode::not_found:
            return "No such blob.";
        case ErrorCode::conflict:
            return "The blob exists already.";
        default:
            return "The storage is not available.";
    }
}

/// A store that has been silent so often is given up: somebody waits, and would do so for a minute.
constexpr std::uint32_t timeouts_max = 2;
constexpr std::chrono::seconds silence_remembered{2};

}  // namespace

HttpClientConfig client_config(const S3Config& config) {
    return {.connect_timeout = config.connect_timeout,
            .stall_timeout = config.stall_timeout,
            .idle_connections_max = config.idle_connections_max,
            .ca_file = config.ca_file,
            .proxy = config.proxy};
}

std::string_view right_for(const S3Request& request) {
    const auto asks_for = [&](std::string_view name) {
        return std::ranges::find(request.query, name, &NameValue::first) != request.query.end();
    };
    if (request.object.empty()) {
        if (request.method == "PUT") return "s3:CreateBucket";
        if (asks_for("delete")) return "s3:DeleteObject";
        return asks_for("uploads") ? "s3:ListBucketMultipartUploads" : "s3:ListBucket";
    }
    if (request.method == "DELETE")
        return asks_for("uploadId") ? "s3:AbortMultipartUpload" : "s3:DeleteObject";
    return request.method == "GET" || request.method == "HEAD" ? "s3:GetObject" : "s3:PutObject";
}

/// How one attempt went.
struct Requester::Attempt {
    std::optional<HttpAnswer> answer = {};  // of a success
    Verdict verdict = {};
    std::string text = {};  // of a failure, for the log
    bool is_timeout = false;
};

Requester::Requester(const S3Config& config, CredentialsProvider& credentials, const Clock& clock)
    : config_(config),
      credentials_(credentials),
      clock_(clock),
      url_(bucket_url(config)),
      public_url_(public_bucket_url(config)),
      client_(client_config(config)) {}

Outcome<Reply> Requester::send(const S3Request& request) {
    const auto start = Stopwatch::now();
    const bool is_tidying = request.patience == Patience::once;
    const Milliseconds time_max =
        is_tidying ? std::min(tidying_timeout, config_.call_timeout) : config_.call_timeout;
    const std::uint32_t attempts_max = is_tidying ? 1 : config_.attempts_max;
    const std::string payload_sha256 = request.body_sha256.value_or(sha256_of(request.body)).to_hex();
    bool may_have_acted = false;
    std::uint32_t timeouts = 0;
    for (std::uint32_t attempts = 1;; ++attempts) {
        Attempt result =
            attempt(request, payload_sha256, std::min(config_.request_timeout, time_max - since(start)));
        if (!result.is_timeout) last_silence_ = Stopwatch::time_point::min();
        if (result.answer) return Reply{std::move(*result.answer), may_have_acted};
        may_have_acted |= result.verdict.may_have_acted;
        timeouts += result.is_timeout ? 1 : 0;
        const Milliseconds pause = pause_after(attempts);
        const bool is_last = !result.verdict.may_pass || attempts >= attempts_max ||
                             timeouts >= timeouts_max || since(start) + pause >= time_max;
        if (!is_last) {
            std::this_thread::sleep_for(pause);
            continue;
        }
        if (timeouts >= timeouts_max) last_silence_ = Stopwatch::now();
        const ErrorCode code = result.verdict.code;
        return std::unexpected(Failure{
            .error = Error{code,
                           std::string(public_text(code)),
                           fmt::format("{}: {} (attempts: {})", described(request), result.text, attempts),
                           {}},
            .refusal = result.verdict.refusal,
            .may_have_acted = may_have_acted});
    }
}

bool Requester::was_just_silent() const {
    const auto last = last_silence_.load();
    return last != Stopwatch::time_point::min() && Stopwatch::now() - last < silence_remembered;
}

Requester::Attempt Requester::attempt(const S3Request& request, const std::string& payload_sha256,
                                      Milliseconds timeout) {
    const auto credentials = credentials_.current();
    if (!credentials) return {.text = credentials.error().log_text};
    HttpRequest http = signed_request(request, payload_sha256, *credentials);
    http.timeout = timeout;
    auto answer = client_.exchange(http);
    if (!answer) {
        const ExchangeFailure& failed = answer.error();
        return {.verdict = {.may_pass = failed.may_pass, .may_have_acted = failed.may_have_acted},
                .text = "no answer from the S3 store at " + url_.host + ": " + failed.text,
                .is_timeout = failed.is_timeout};
    }
    const bool is_head = request.method == "HEAD";
    const std::string s3_code =
        answer->body.size() <= error_bytes_max ? error_code_in(answer->body) : std::string();
    const Verdict verdict = judge(answer->status, s3_code, is_head);
    if (verdict.are_credentials_expired) credentials_.expire();
    if (verdict.is_success) return {.answer = std::move(*answer), .verdict = verdict};
    std::string text = failure_text(answer->status, s3_code, verdict.advice);
    if (verdict.lacks_right) text += fmt::format(" ({} is needed)", right_for(request));
    return {.verdict = verdict, .text = std::move(text)};
}

HttpRequest Requester::signed_request(const S3Request& request, const std::string& payload_sha256,
                                      const Credentials& credentials) const {
    const Timestamp now = clock_.now();
    std::vector<NameValue> headers = request.headers;
    headers.emplace_back("host", url_.host);
    headers.emplace_back("x-amz-date", amz_date(now));
    headers.emplace_back("x-amz-content-sha256", payload_sha256);
    if (!credentials.session_token.empty())
        headers.emplace_back("x-amz-security-token", credentials.session_token);
    UnsignedRequest to_sign{.method = request.method,
                            .path = url_.path_of(request.object),
                            .query = request.query,
                            .headers = {},
                            .payload_sha256 = payload_sha256};
    std::ranges::copy_if(headers, std::back_inserter(to_sign.headers), has_to_be_signed, &NameValue::first);
    HttpRequest http{.method = request.method,
                     .url = url_.scheme + url_.host + to_sign.path,
                     .headers = std::move(headers),
                     .body = request.body,
                     .answer_bytes_max = request.answer_bytes_max,
                     .into = request.into};
    if (!request.query.empty()) http.url += "?" + canonical_query(request.query);
    http.headers.emplace_back("authorization", authorization(to_sign, credentials, config_.region, now));
    return http;
}

/// Doubles with each attempt; anywhere between half of it and all of it, so that those who failed together do
/// not come back together.
Milliseconds Requester::pause_after(std::uint32_t attempts) const {
    const auto doubled = config_.pause_min * (std::int64_t{1} << std::min(attempts - 1, 20U));
    const auto pause = static_cast<double>(std::min<Milliseconds>(doubled, config_.pause_max).count());
    return Milliseconds(static_cast<std::int64_t>(pause * (0.5 + 0.5 * random_fraction())));
}

Result<std::string> Requester::presigned_url(const std::string& method, const std::string& object,
                                             std::vector<NameValue> query, unsigned expires_s) {
    TRY_ASSIGN(const Credentials credentials, credentials_.current());
    const UnsignedRequest request{.method = method,
                                  .path = public_url_.path_of(object),
                                  .query = std::move(query),
                                  .headers = {{"host", public_url_.host}},
                                  .payload_sha256 = {}};
    return public_url_.scheme + public_url_.host + request.path + "?" +
           presigned_query(request, credentials, config_.region, clock_.now(), expires_s);
}

}  // namespace safelight::s3
