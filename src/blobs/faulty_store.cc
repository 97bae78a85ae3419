#include "blobs/faulty_store.h"

#include <algorithm>
#include <utility>

namespace safelight {
namespace {

/// Calls through, or fails, as the plan says.
template <class Call>
auto planned(FaultPlan& plan, BlobOperation operation, BlobKey key, Call call) -> decltype(call()) {
    auto outcome = plan.begin(operation, key);
    if (!outcome.error) return call();
    if (outcome.moment == FaultMoment::after_effect) {
        if (auto result = call(); !result) return result;
    }
    return std::unexpected(std::move(*outcome.error));
}

class FaultyWriter final : public BlobWriter {
  public:
    FaultyWriter(std::unique_ptr<BlobWriter> inner, BlobKey key, FaultPlan& plan)
        : inner_(std::move(inner)), key_(key), plan_(plan) {}

    Status write(std::span<const std::byte> bytes) override {
        return planned(plan_, BlobOperation::write, key_, [&] { return inner_->write(bytes); });
    }
    Result<BlobInfo> commit() override {
        return planned(plan_, BlobOperation::commit, key_, [&] { return inner_->commit(); });
    }

  private:
    const std::unique_ptr<BlobWriter> inner_;
    const BlobKey key_;
    FaultPlan& plan_;
};

class FaultySource final : public ByteSource {
  public:
    FaultySource(std::unique_ptr<ByteSource> inner, BlobKey key, FaultPlan& plan)
        : inner_(std::move(inner)), key_(key), plan_(plan) {}

    [[nodiscard]] std::uint64_t size_bytes() const override { return inner_->size_bytes(); }

    [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
        auto outcome = plan_.begin(BlobOperation::read, key_);
        if (outcome.error) return std::unexpected(std::move(*outcome.error));
        auto count = inner_->read_at(offset, out);
        if (outcome.corrupt && count && *count > 0) out.front() ^= std::byte{0x01};
        return count;
    }

  private:
    const std::unique_ptr<ByteSource> inner_;
    const BlobKey key_;
    FaultPlan& plan_;
};

class FaultyStore final : public BlobStore {
  public:
    FaultyStore(std::unique_ptr<BlobStore> inner, FaultPlan& plan) : inner_(std::move(inner)), plan_(plan) {}

    Result<std::unique_ptr<BlobWriter>> create(BlobKey key) override {
        TRY_ASSIGN(auto writer,
                   planned(plan_, BlobOperation::create, key, [&] { return inner_->create(key); }));
        return std::make_unique<FaultyWriter>(std::move(writer), key, plan_);
    }
    Result<std::unique_ptr<ByteSource>> open(BlobKey key) override {
        TRY_ASSIGN(auto source, planned(plan_, BlobOperation::open, key, [&] { return inner_->open(key); }));
        return std::make_unique<FaultySource>(std::move(source), key, plan_);
    }
    Status remove(BlobKey key) override {
        return planned(plan_, BlobOperation::remove, key, [&] { return inner_->remove(key); });
    }
    Status list(const std::function<Status(const BlobEntry&)>& visit,
                const std::function<void(const std::string&)>& visit_foreign) override {
        return planned(plan_, BlobOperation::list, {}, [&] { return inner_->list(visit, visit_foreign); });
    }
    Status check() override {
        return planned(plan_, BlobOperation::check, {}, [&] { return inner_->check(); });
    }

  private:
    const std::unique_ptr<BlobStore> inner_;
    FaultPlan& plan_;
};

constexpr std::size_t index_of(BlobOperation operation) {
    return static_cast<std::size_t>(operation);
}

}  // namespace

void FaultPlan::fail(BlobOperation operation, std::uint64_t nth, Error error, FaultMoment moment) {
    const std::lock_guard lock(mutex_);
    faults_.push_back({operation, calls_[index_of(operation)] + nth, std::move(error), moment});
}

void FaultPlan::fail_always(BlobOperation operation, Error error) {
    const std::lock_guard lock(mutex_);
    faults_.push_back({operation, 0, std::move(error), FaultMoment::before_effect});
}

void FaultPlan::corrupt_reads() {
    const std::lock_guard lock(mutex_);
    corrupt_reads_ = true;
}

void FaultPlan::before(std::function<void(BlobOperation, BlobKey)> hook) {
    const std::lock_guard lock(mutex_);
    hook_ = std::move(hook);
}

void FaultPlan::clear() {
    const std::lock_guard lock(mutex_);
    faults_.clear();
    corrupt_reads_ = false;
    hook_ = nullptr;
}

std::uint64_t FaultPlan::calls(BlobOperation operation) const {
    const std::lock_guard lock(mutex_);
    return calls_[index_of(operation)];
}

FaultPlan::Outcome FaultPlan::begin(BlobOperation operation, BlobKey key) {
    Outcome outcome;
    std::function<void(BlobOperation, BlobKey)> hook;
    {
        const std::lock_guard lock(mutex_);
        const std::uint64_t call = ++calls_[index_of(operation)];
        const auto fault = std::ranges::find_if(faults_, [&](const Fault& candidate) {
            return candidate.operation == operation && (candidate.at_call == 0 || candidate.at_call == call);
        });
        if (fault != faults_.end()) {
            outcome.error = fault->error;
            outcome.moment = fault->moment;
        }
        outcome.corrupt = corrupt_reads_;
        hook = hook_;
    }
    if (hook) hook(operation, key);
    return outcome;
}

std::unique_ptr<BlobStore> make_faulty_store(std::unique_ptr<BlobStore> inner, FaultPlan& plan) {
    return std::make_unique<FaultyStore>(std::move(inner), plan);
}

}  // namespace safelight
