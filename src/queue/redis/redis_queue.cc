#include "queue/redis/redis_queue.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "base/random.h"
#include "base/text.h"
#include "queue/lane_turns.h"
#include "queue/redis/callers.h"
#include "queue/redis/receiver.h"
#include "queue/redis/stream.h"
#include "queue/redis/upkeep.h"

namespace safelight {
namespace {

using redis::Failure;
using redis::Receiver;
using redis::Reply;

constexpr Milliseconds timeout_max = std::chrono::hours(24 * 365);

/// Different for every queue of every process on every machine.
std::string unique_name() {
    std::array<char, 65> host{};
    if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
    std::array<std::uint8_t, 6> random{};
    fill_random(random);
    return fmt::format("safelight-{}-{}-{}", host.data(), ::getpid(),
                       hex_encode(std::as_bytes(std::span(random))));
}

class RedisQueue final : public JobQueue {
  public:
    RedisQueue(const RedisQueueConfig& config, telemetry::Logger& log)
        : config_(config),
          log_(log),
          name_(unique_name()),
          link_(config_, log),
          callers_(config_, name_, link_),
          upkeep_(config_, name_, log) {}

    Status publish(const WaitingJob& job) override {
        auto published = callers_.run(redis::publish_command(config_, job));
        if (!published) return std::unexpected(to_error(std::move(published).error()));
        return {};
    }

    Result<std::optional<Delivery>> receive(Milliseconds timeout, const std::stop_token& stop) override {
        const auto deadline = redis::SteadyClock::now() + std::clamp(timeout, Milliseconds{0}, timeout_max);
        if (stop.stop_requested()) return std::nullopt;
        const Lease lease(*this);
        auto delivery = lease.receiver->receive(deadline, stop);
        if (!delivery) return std::unexpected(to_error(std::move(delivery).error()));
        return std::move(*delivery);
    }

    Status acknowledge(const Delivery& delivery) override {
        auto done = callers_.run_all(redis::acknowledge_commands(config_, delivery.lane, delivery.receipt));
        if (!done) return std::unexpected(to_error(std::move(done).error()));
        return {};
    }

    Result<LaneDepths> depths() override {
        const auto replies = callers_.run(redis::depth_commands(config_));
        if (!replies) return std::unexpected(to_error(replies.error()));
        for (const Reply& reply : *replies) {
            if (!reply.view().is_error()) continue;
            // Without a group nobody has anything in hand.
            if (Failure failure = redis::failure_of_reply(reply.view().text());
                failure.trouble != redis::Trouble::no_group)
                return std::unexpected(to_error(std::move(failure)));
        }
        LaneDepths waiting{};
        for (const Lane lane : all_lanes) {
            const std::size_t first = 2 * index_of(lane);
            const std::int64_t entries = (*replies)[first].view().integer().value_or(0);
            const std::int64_t in_hand = (*replies)[first + 1].view()[0].integer().value_or(0);
            // What is in hand may have been trimmed already.
            waiting[index_of(lane)] =
                static_cast<std::uint64_t>(std::max<std::int64_t>(entries - in_hand, 0));
        }
        return waiting;
    }

    Status check() override {
        auto answer = callers_.run(redis::Command{"PING"});
        if (!answer) return std::unexpected(to_error(std::move(answer).error()));
        return {};
    }

  private:
    /// A receiver for the time of one call. There are as many as were ever waiting at the same time.
    struct Lease {
        explicit Lease(RedisQueue& q) : queue(q), receiver(q.take_receiver()) {}
        ~Lease() { queue.keep_receiver(std::move(receiver)); }
        Lease(const Lease&) = delete;
        Lease& operator=(const Lease&) = delete;

        RedisQueue& queue;
        std::unique_ptr<Receiver> receiver;
    };

    [[nodiscard]] std::unique_ptr<Receiver> take_receiver() {
        const std::lock_guard lock(mutex_);
        if (!idle_receivers_.empty()) {
            auto receiver = std::move(idle_receivers_.back());
            idle_receivers_.pop_back();
            return receiver;
        }
        const Receiver::Parts parts{config_, link_, callers_, upkeep_, turns_, log_};
        auto receiver = std::make_unique<Receiver>(parts, fmt::format("{}-{}", name_, receivers_));
        ++receivers_;
        idle_receivers_.reserve(receivers_);  // so that keeping one never fails
        return receiver;
    }

    void keep_receiver(std::unique_ptr<Receiver> receiver) {
        const std::lock_guard lock(mutex_);
        idle_receivers_.push_back(std::move(receiver));
    }

    const RedisQueueConfig config_;
    telemetry::Logger& log_;
    const std::string name_;
    redis::Link link_;
    redis::Callers callers_;
    redis::Upkeep upkeep_;
    LaneTurns turns_;

    std::mutex mutex_;
    std::vector<std::unique_ptr<Receiver>> idle_receivers_;  // guarded by mutex_
    std::size_t receivers_ = 0;                              // guarded by mutex_
};

}  // namespace

std::unique_ptr<JobQueue> make_redis_queue(const RedisQueueConfig& config, telemetry::Logger& log) {
    return std::make_unique<RedisQueue>(config, log);
}

}  // namespace safelight
