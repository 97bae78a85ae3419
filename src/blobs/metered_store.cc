#include "blobs/metered_store.h"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

namespace safelight {
namespace {

using Stopwatch = std::chrono::steady_clock;
using std::chrono::duration_cast;
using std::chrono::microseconds;

template <class T>
std::string_view result_name(const Result<T>& result) {
    return result ? std::string_view("ok") : name_of(result.error().code);
}

/// One operation that is one call.
template <class Call>
auto metered(telemetry::Metrics& metrics, std::string_view operation, Call call) {
    const auto start = Stopwatch::now();
    auto result = call();
    metrics.blob_operation(operation, result_name(result),
                           duration_cast<microseconds>(Stopwatch::now() - start));
    return result;
}

/// One operation that is many calls: reported once, at the end of its life.
class Meter {
  public:
    Meter(telemetry::Metrics& metrics, std::string_view operation)
        : metrics_(metrics), operation_(operation) {}
    ~Meter() {
        if (used_) metrics_.blob_operation(operation_, result_, duration_cast<microseconds>(spent_));
    }
    Meter(const Meter&) = delete;
    Meter& operator=(const Meter&) = delete;

    template <class Call>
    auto add(Call call) {
        const auto start = Stopwatch::now();
        auto result = call();
        spent_ += Stopwatch::now() - start;
        used_ = true;
        if (!result && result_ == "ok") result_ = name_of(result.error().code);
        return result;
    }

  private:
    telemetry::Metrics& metrics_;
    const std::string_view operation_;
    std::string_view result_ = "ok";
    Stopwatch::duration spent_{};
    bool used_ = false;
};

class MeteredWriter final : public BlobWriter {
  public:
    MeteredWriter(std::unique_ptr<BlobWriter> inner, telemetry::Metrics& metrics)
        : inner_(std::move(inner)), metrics_(metrics), writes_(metrics, "write") {}

    Status write(std::span<const std::byte> bytes) override {
        return writes_.add([&] { return inner_->write(bytes); });
    }
    Result<BlobInfo> commit() override {
        return metered(metrics_, "commit", [&] { return inner_->commit(); });
    }

  private:
    const std::unique_ptr<BlobWriter> inner_;
    telemetry::Metrics& metrics_;
    Meter writes_;
};

class MeteredSource final : public ByteSource {
  public:
    MeteredSource(std::unique_ptr<ByteSource> inner, telemetry::Metrics& metrics)
        : inner_(std::move(inner)), reads_(metrics, "read") {}

    [[nodiscard]] std::uint64_t size_bytes() const override { return inner_->size_bytes(); }
    [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
        return reads_.add([&] { return inner_->read_at(offset, out); });
    }
    [[nodiscard]] std::optional<int> descriptor() const override { return inner_->descriptor(); }

  private:
    const std::unique_ptr<ByteSource> inner_;
    Meter reads_;
};

class MeteredStore final : public BlobStore {
  public:
    MeteredStore(std::unique_ptr<BlobStore> inner, telemetry::Metrics& metrics)
        : inner_(std::move(inner)), metrics_(metrics) {}

    Result<std::unique_ptr<BlobWriter>> create(BlobKey key) override {
        TRY_ASSIGN(auto writer, metered(metrics_, "create", [&] { return inner_->create(key); }));
        return std::make_unique<MeteredWriter>(std::move(writer), metrics_);
    }
    Result<std::unique_ptr<ByteSource>> open(BlobKey key) override {
        TRY_ASSIGN(auto source, metered(metrics_, "open", [&] { return inner_->open(key); }));
        return std::make_unique<MeteredSource>(std::move(source), metrics_);
    }
    Status remove(BlobKey key) override {
        return metered(metrics_, "remove", [&] { return inner_->remove(key); });
    }
    std::vector<Status> remove_many(std::span<const BlobKey> keys) override {
        const auto start = Stopwatch::now();
        auto statuses = inner_->remove_many(keys);
        const auto failed =
            std::ranges::find_if(statuses, [](const Status& status) { return !status.has_value(); });
        metrics_.blob_operation("remove_many", failed == statuses.end() ? "ok" : result_name(*failed),
                                duration_cast<microseconds>(Stopwatch::now() - start));
        return statuses;
    }
    Status list(const std::function<Status(const BlobEntry&)>& visit,
                const std::function<void(const std::string&)>& visit_foreign) override {
        return metered(metrics_, "list", [&] { return inner_->list(visit, visit_foreign); });
    }
    Status check() override {
        return metered(metrics_, "check", [&] { return inner_->check(); });
    }

  private:
    const std::unique_ptr<BlobStore> inner_;
    telemetry::Metrics& metrics_;
};

}  // namespace

std::unique_ptr<BlobStore> make_metered_store(std::unique_ptr<BlobStore> inner, telemetry::Metrics& metrics) {
    return std::make_unique<MeteredStore>(std::move(inner), metrics);
}

}  // namespace safelight
