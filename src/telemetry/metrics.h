// The service's figures in Prometheus' text format.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace safelight::telemetry {

/// Any thread may call; never blocks for long. Label values may be any text; a family holds at most
/// `series_max` combinations of them, and counts what comes past that under "other".
class Metrics {
  public:
    static constexpr std::size_t series_max = 1000;

    Metrics();
    ~Metrics();
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;

    /// safelight_http_requests_total, safelight_http_request_seconds, safelight_http_body_bytes_total.
    /// `route` is the pattern, never the path, so that the number of series stays bounded.
    void http_request(std::string_view method, std::string_view route, int status,
                      std::chrono::microseconds duration, std::uint64_t bytes_in, std::uint64_t bytes_out);
    /// safelight_uploads_total{result}, safelight_upload_bytes_total. `result` is "accepted" or an error's
    /// name.
    void upload(std::string_view result, std::uint64_t bytes);
    /// safelight_quota_refusals_total{quota}: "stored_bytes", …; whose it was is not told.
    void quota_refusal(std::string_view quota);
    /// safelight_variants_total{result}: "ready", or the error's name.
    void variant(std::string_view result);
    /// safelight_attempts_total{result}, safelight_attempt_seconds: one worker's run over one job;
    /// "completed", "retried", "fenced", "released".
    void attempt(std::string_view result, std::chrono::microseconds duration);
    /// safelight_rerenders_total{result}: one worker's run over a variant that is made again; "remade",
    /// "failed", "retried", "fenced", "released".
    void rerender(std::string_view result);
    /// safelight_webhook_attempts_total{result}, safelight_webhook_attempt_seconds: one sending of a
    /// delivery; "delivered", "retried", "given_up", "fenced".
    void webhook_attempt(std::string_view result, std::chrono::microseconds duration);
    /// safelight_webhooks_disabled_total{reason}: "gone", "failing".
    void webhook_disabled(std::string_view reason);
    /// safelight_render_wait_seconds: how long a render waited for its memory.
    void render_wait(std::chrono::microseconds duration);
    /// safelight_deletions_total, safelight_blobs_swept_total, safelight_jobs_rescued_total.
    void deletion();
    /// safelight_retention_total{what}: "image_deleted", "variant_expired".
    void retention(std::uint64_t images_deleted, std::uint64_t variants_expired);
    void blobs_swept(std::uint64_t count);
    void jobs_rescued(std::uint64_t count);
    /// safelight_blob_operations_total{operation, result}, safelight_blob_operation_seconds{operation}.
    void blob_operation(std::string_view operation, std::string_view result,
                        std::chrono::microseconds duration);

    /// A gauge that is asked at each exposure, e.g. "safelight_backlog_jobs". `read` is called on the
    /// exposing thread; it must not block for long, nor call back into gauge, remove_gauge or expose. NaN or
    /// an exception leaves the gauge out of that exposure. A name that is taken gets the new reader. What
    /// `read` refers to must outlive this object, or be taken out by remove_gauge before it goes away. Throws
    /// std::invalid_argument when Prometheus does not allow the name.
    void gauge(const std::string& name, const std::string& help, std::function<double()> read);
    /// When it returns, the gauge's reader is not running and never runs again. Idempotent.
    void remove_gauge(const std::string& name);

    /// The exposition text (version 0.0.4).
    [[nodiscard]] std::string expose();

  private:
    struct Series;
    std::unique_ptr<Series> series_;
};

}  // namespace safelight::telemetry
