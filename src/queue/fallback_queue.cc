#include "queue/fallback_queue.h"

#include <algorithm>
#include <atomic>
#include <string>
#include <utility>

namespace safelight {
namespace {

// In front of a receipt: whose it is.
constexpr char from_first = '1';
constexpr char from_spare = '2';

class FallbackQueue final : public JobQueue {
  public:
    FallbackQueue(std::unique_ptr<JobQueue> first, std::unique_ptr<JobQueue> spare)
        : first_(std::move(first)), spare_(std::move(spare)) {}

    Status publish(const WaitingJob& job) override {
        auto published = first_->publish(job);
        takes_no_hints_ = !published;
        return published;
    }

    Result<std::optional<Delivery>> receive(Milliseconds timeout, const std::stop_token& stop) override {
        const Milliseconds turn = takes_no_hints_ ? std::min(timeout, fallback_turn) : timeout;
        auto delivery = first_->receive(turn, stop);
        if (delivery && *delivery) return marked(std::move(delivery), from_first);
        if (delivery && !takes_no_hints_) return delivery;
        return marked(spare_->receive(std::min(timeout, fallback_turn), stop), from_spare);
    }

    Status acknowledge(const Delivery& delivery) override {
        JobQueue& owner = delivery.receipt.starts_with(from_spare) ? *spare_ : *first_;
        return owner.acknowledge({delivery.job_id, delivery.lane, delivery.receipt.substr(1)});
    }

    Result<LaneDepths> depths() override { return first_->depths(); }

    Status check() override { return first_->check(); }

  private:
    static Result<std::optional<Delivery>> marked(Result<std::optional<Delivery>> delivery, char owner) {
        if (delivery && *delivery) (*delivery)->receipt.insert(0, 1, owner);
        return delivery;
    }

    const std::unique_ptr<JobQueue> first_;
    const std::unique_ptr<JobQueue> spare_;
    std::atomic<bool> takes_no_hints_ = false;  // what the last publish of this process came to
};

}  // namespace

std::unique_ptr<JobQueue> make_fallback_queue(std::unique_ptr<JobQueue> first,
                                              std::unique_ptr<JobQueue> spare) {
    return std::make_unique<FallbackQueue>(std::move(first), std::move(spare));
}

}  // namespace safelight
