#include "telemetry/metrics.h"

#include <fmt/format.h>
#include <prometheus/check_names.h>
#include <prometheus/client_metric.h>
#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <cmath>
#include <exception>
#include <limits>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <span>
#include <stdexcept>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/text.h"

namespace safelight::telemetry {
namespace {

using Seconds = std::chrono::duration<double>;
using prometheus::Counter;
using prometheus::Family;
using prometheus::Histogram;

constexpr std::string_view overflow_label = "other";

const Histogram::BucketBoundaries request_buckets_s{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                    0.25,   0.5,   1,      2.5,   5,    10,    30,   60};
const Histogram::BucketBoundaries attempt_buckets_s{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                                    0.5,   1,      2.5,   5,    10,    30,   60};
const Histogram::BucketBoundaries blob_buckets_s{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                                 0.05,   0.1,     0.25,   0.5,   1,      2.5,   10};

struct StringHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

/// A family with its series found by label values: no allocation and a shared lock once a series is known.
/// The number of series is bounded; what comes past the bound is counted under "other", so that nothing that
/// a client sends can fill the memory.
template <class Metric>
class SeriesTable {
  public:
    template <class Builder>
    SeriesTable(prometheus::Registry& registry, Builder builder, std::string name, std::string help,
                std::vector<std::string> labels, Histogram::BucketBoundaries buckets_s = {})
        : family_(builder.Name(std::move(name)).Help(std::move(help)).Register(registry)),
          labels_(std::move(labels)),
          buckets_s_(std::move(buckets_s)) {}

    Metric& at(std::span<const std::string_view> values) {
        fmt::memory_buffer key;
        for (const std::string_view value : values) {
            key.append(value);
            key.push_back('\0');
        }
        const std::string_view key_text(key.data(), key.size());
        {
            const std::shared_lock lock(mutex_);
            if (const auto known = series_.find(key_text); known != series_.end()) return *known->second;
        }
        const std::lock_guard lock(mutex_);
        if (const auto known = series_.find(key_text); known != series_.end()) return *known->second;
        if (series_.size() >= Metrics::series_max) return overflow();
        Metric& metric = add(values);
        series_.emplace(std::string(key_text), &metric);
        return metric;
    }
    Metric& at(std::initializer_list<std::string_view> values) {
        return at(std::span(values.begin(), values.size()));
    }

  private:
    Metric& overflow() {
        if (overflow_ == nullptr) overflow_ = &add(std::vector(labels_.size(), overflow_label));
        return *overflow_;
    }

    Metric& add(std::span<const std::string_view> values) {
        std::map<std::string, std::string> labels;
        for (std::size_t i = 0; i < labels_.size(); ++i) labels.emplace(labels_[i], to_valid_utf8(values[i]));
        if constexpr (std::is_same_v<Metric, Histogram>) {
            return family_.Add(labels, buckets_s_);
        } else {
            return family_.Add(labels);
        }
    }

    Family<Metric>& family_;
    const std::vector<std::string> labels_;
    const Histogram::BucketBoundaries buckets_s_;
    std::shared_mutex mutex_;
    std::unordered_map<std::string, Metric*, StringHash, std::equal_to<>> series_;  // guarded by mutex_
    Metric* overflow_ = nullptr;                                                    // guarded by mutex_
};

struct CounterTable : SeriesTable<Counter> {
    CounterTable(prometheus::Registry& registry, std::string name, std::string help,
                 std::vector<std::string> labels)
        : SeriesTable(registry, prometheus::BuildCounter(), std::move(name), std::move(help),
                      std::move(labels)) {}
};

struct HistogramTable : SeriesTable<Histogram> {
    HistogramTable(prometheus::Registry& registry, std::string name, std::string help,
                   std::vector<std::string> labels, const Histogram::BucketBoundaries& buckets_s)
        : SeriesTable(registry, prometheus::BuildHistogram(), std::move(name), std::move(help),
                      std::move(labels), buckets_s) {}
};

/// A counter without labels, there from the start, so that its first increase is seen as one.
Counter& plain_counter(prometheus::Registry& registry, const std::string& name, const std::string& help) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add({});
}

struct GaugeReader {
    std::string help;
    std::function<double()> read;
};

}  // namespace

struct Metrics::Series {
    prometheus::Registry registry;
    CounterTable http_requests{
        registry, "safelight_http_requests_total", "HTTP requests answered.", {"method", "route", "status"}};
    HistogramTable http_seconds{registry,
                                "safelight_http_request_seconds",
                                "Time from a request's first byte to its answer's last one.",
                                {"method", "route"},
                                request_buckets_s};
    CounterTable http_bytes{
        registry, "safelight_http_body_bytes_total", "Bytes of HTTP bodies, by direction.", {"direction"}};
    CounterTable uploads{registry, "safelight_uploads_total", "Uploads, by what became of them.", {"result"}};
    Counter& upload_bytes =
        plain_counter(registry, "safelight_upload_bytes_total", "Bytes of accepted originals.");
    CounterTable quota_refusals{registry,
                                "safelight_quota_refusals_total",
                                "Uploads that were refused because of a quota of their account.",
                                {"quota"}};
    CounterTable variants{
        registry, "safelight_variants_total", "Variants made, or failed for good.", {"result"}};
    CounterTable attempts{
        registry, "safelight_attempts_total", "Runs of a worker over a job, by how they ended.", {"result"}};
    CounterTable rerenders{registry,
                           "safelight_rerenders_total",
                           "Runs of a worker over a variant that is made again, by how they ended.",
                           {"result"}};
    Histogram& attempt_seconds = prometheus::BuildHistogram()
                                     .Name("safelight_attempt_seconds")
                                     .Help("Time of a worker's run over a job.")
                                     .Register(registry)
                                     .Add({}, attempt_buckets_s);
    CounterTable webhook_attempts{registry,
                                  "safelight_webhook_attempts_total",
                                  "Webhook deliveries sent, by what came of it.",
                                  {"result"}};
    Histogram& webhook_attempt_seconds = prometheus::BuildHistogram()
                                             .Name("safelight_webhook_attempt_seconds")
                                             .Help("Time that a webhook's endpoint took to answer.")
                                             .Register(registry)
                                             .Add({}, attempt_buckets_s);
    CounterTable webhooks_disabled{registry,
                                   "safelight_webhooks_disabled_total",
                                   "Webhooks disabled because nothing could be delivered.",
                                   {"reason"}};
    Histogram& render_wait_seconds = prometheus::BuildHistogram()
                                         .Name("safelight_render_wait_seconds")
                                         .Help("Time that a render waited for its memory.")
                                         .Register(registry)
                                         .Add({}, attempt_buckets_s);
    CounterTable retained{
        registry, "safelight_retention_total", "What was let go of by the rules of retention.", {"what"}};
    Counter& deletions = plain_counter(registry, "safelight_deletions_total", "Images deleted.");
    Counter& swept = plain_counter(registry, "safelight_blobs_swept_total", "Blobs removed by the sweeper.");
    Counter& rescued =
        plain_counter(registry, "safelight_jobs_rescued_total", "Jobs published again by the rescuer.");
    CounterTable blob_operations{registry,
                                 "safelight_blob_operations_total",
                                 "Calls to the blob store, by result.",
                                 {"operation", "result"}};
    HistogramTable blob_seconds{registry,
                                "safelight_blob_operation_seconds",
                                "Time of calls to the blob store.",
                                {"operation"},
                                blob_buckets_s};
    std::mutex gauges_mutex;
    std::map<std::string, GaugeReader> gauges;  // guarded by gauges_mutex, which is held while they are read

    void collect_gauges(std::vector<prometheus::MetricFamily>& families);
};

void Metrics::Series::collect_gauges(std::vector<prometheus::MetricFamily>& families) {
    const std::lock_guard lock(gauges_mutex);
    for (const auto& [name, gauge] : gauges) {
        double value = std::numeric_limits<double>::quiet_NaN();
        try {
            value = gauge.read();
        } catch (const std::exception&) {
            continue;  // one figure is missing; the others are not
        }
        if (std::isnan(value)) continue;
        prometheus::ClientMetric metric;
        metric.gauge.value = value;
        families.push_back({name, gauge.help, prometheus::MetricType::Gauge, {std::move(metric)}});
    }
}

Metrics::Metrics() : series_(std::make_unique<Series>()) {}
Metrics::~Metrics() = default;

void Metrics::http_request(std::string_view method, std::string_view route, int status,
                           std::chrono::microseconds duration, std::uint64_t bytes_in,
                           std::uint64_t bytes_out) {
    const fmt::format_int status_text(status);
    series_->http_requests.at({method, route, {status_text.data(), status_text.size()}}).Increment();
    series_->http_seconds.at({method, route}).Observe(Seconds(duration).count());
    if (bytes_in > 0) series_->http_bytes.at({"in"}).Increment(static_cast<double>(bytes_in));
    if (bytes_out > 0) series_->http_bytes.at({"out"}).Increment(static_cast<double>(bytes_out));
}

void Metrics::upload(std::string_view result, std::uint64_t bytes) {
    series_->uploads.at({result}).Increment();
    series_->upload_bytes.Increment(static_cast<double>(bytes));
}

void Metrics::quota_refusal(std::string_view quota) {
    series_->quota_refusals.at({quota}).Increment();
}

void Metrics::variant(std::string_view result) {
    series_->variants.at({result}).Increment();
}

void Metrics::attempt(std::string_view result, std::chrono::microseconds duration) {
    series_->attempts.at({result}).Increment();
    series_->attempt_seconds.Observe(Seconds(duration).count());
}

void Metrics::webhook_attempt(std::string_view result, std::chrono::microseconds duration) {
    series_->webhook_attempts.at({result}).Increment();
    series_->webhook_attempt_seconds.Observe(Seconds(duration).count());
}

void Metrics::webhook_disabled(std::string_view reason) {
    series_->webhooks_disabled.at({reason}).Increment();
}

void Metrics::render_wait(std::chrono::microseconds duration) {
    series_->render_wait_seconds.Observe(Seconds(duration).count());
}

void Metrics::deletion() {
    series_->deletions.Increment();
}
void Metrics::retention(std::uint64_t images_deleted, std::uint64_t variants_expired) {
    series_->retained.at({"image_deleted"}).Increment(static_cast<double>(images_deleted));
    series_->retained.at({"variant_expired"}).Increment(static_cast<double>(variants_expired));
}
void Metrics::blobs_swept(std::uint64_t count) {
    series_->swept.Increment(static_cast<double>(count));
}
void Metrics::rerender(std::string_view result) {
    series_->rerenders.at({result}).Increment();
}

void Metrics::jobs_rescued(std::uint64_t count) {
    series_->rescued.Increment(static_cast<double>(count));
}

void Metrics::blob_operation(std::string_view operation, std::string_view result,
                             std::chrono::microseconds duration) {
    series_->blob_operations.at({operation, result}).Increment();
    series_->blob_seconds.at({operation}).Observe(Seconds(duration).count());
}

void Metrics::gauge(const std::string& name, const std::string& help, std::function<double()> read) {
    if (!prometheus::CheckMetricName(name)) throw std::invalid_argument("no name for a metric: " + name);
    const std::lock_guard lock(series_->gauges_mutex);
    series_->gauges.insert_or_assign(name, GaugeReader{help, std::move(read)});
}

void Metrics::remove_gauge(const std::string& name) {
    const std::lock_guard lock(series_->gauges_mutex);
    series_->gauges.erase(name);
}

std::string Metrics::expose() {
    auto families = series_->registry.Collect();
    series_->collect_gauges(families);
    return prometheus::TextSerializer().Serialize(families);
}

}  // namespace safelight::telemetry
