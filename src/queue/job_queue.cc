#include "queue/job_queue.h"

#include <numeric>

namespace safelight {

Result<std::uint64_t> JobQueue::depth() {
    TRY_ASSIGN(const LaneDepths each, depths());
    return std::accumulate(each.begin(), each.end(), std::uint64_t{0});
}

}  // namespace safelight
