#include "worker/thread_priority.h"

#include <sys/resource.h>

#include <cerrno>

namespace safelight {
namespace {

// A third of the weight of a thread that answers requests: uploads stay quick, and other programs do not
// starve the jobs.
constexpr int worker_nice = 5;

}  // namespace

void lower_thread_priority(telemetry::Logger& log) {
    // On Linux a "process" of setpriority is one thread, and 0 is the calling one.
    if (::getpriority(PRIO_PROCESS, 0) >= worker_nice) return;
    if (::setpriority(PRIO_PROCESS, 0, worker_nice) != 0) {
        log.debug("thread priority not lowered", {{"errno", errno}});
    }
}

}  // namespace safelight
