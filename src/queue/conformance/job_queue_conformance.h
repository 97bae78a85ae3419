// What every JobQueue has to do, as tests. A backend's test program says
//
//   INSTANTIATE_TEST_SUITE_P(Redis, JobQueueConformance, testing::Values(JobQueueBackend{"redis",
//   make_redis_fixture}),
//                            job_queue_backend_name);
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "queue/job_queue.h"

namespace safelight {

/// One empty queue, with whatever it needs to live.
class JobQueueFixture {
  public:
    virtual ~JobQueueFixture() = default;
    [[nodiscard]] virtual JobQueue& queue() = 0;
};

struct JobQueueBackend {
    std::string name;
    std::function<std::unique_ptr<JobQueueFixture>()> make;
};

class JobQueueConformance : public testing::TestWithParam<JobQueueBackend> {
  protected:
    void SetUp() override;
    [[nodiscard]] JobQueue& queue() { return fixture_->queue(); }

  private:
    std::unique_ptr<JobQueueFixture> fixture_;
};

[[nodiscard]] std::string job_queue_backend_name(const testing::TestParamInfo<JobQueueBackend>& info);

}  // namespace safelight
