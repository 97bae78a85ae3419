#include <memory>

#include "queue/conformance/job_queue_conformance.h"
#include "queue/redis/redis_queue.h"
#include "queue/redis/testing/redis_server.h"

namespace safelight {
namespace {

class SharedServerFixture final : public JobQueueFixture {
  public:
    explicit SharedServerFixture(Milliseconds block_max) : config_(redis::shared_server()) {
        config_.block_max = block_max;
        queue_ = make_redis_queue(config_, *log_);
    }
    ~SharedServerFixture() override {
        queue_.reset();
        redis::remove_streams(config_);
    }
    JobQueue& queue() override { return *queue_; }

  private:
    RedisQueueConfig config_;
    std::unique_ptr<telemetry::Logger> log_ = telemetry::make_silent_logger();
    std::unique_ptr<JobQueue> queue_;
};

JobQueueBackend backend(const std::string& name, Milliseconds block_max) {
    return {name, [block_max] { return std::make_unique<SharedServerFixture>(block_max); }};
}

INSTANTIATE_TEST_SUITE_P(Redis, JobQueueConformance,
                         testing::Values(backend("long_waits", std::chrono::minutes(1)),
                                         backend("short_waits", Milliseconds{2})),
                         job_queue_backend_name);

}  // namespace
}  // namespace safelight
