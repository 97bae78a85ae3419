#include "app/descriptor_limit.h"

#include <sys/resource.h>

#include <algorithm>
#include <limits>

namespace safelight::app {

std::uint64_t raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::numeric_limits<std::uint64_t>::max();
    rlimit raised = limit;
    raised.rlim_cur = raised.rlim_max;
    return ::setrlimit(RLIMIT_NOFILE, &raised) == 0 ? raised.rlim_cur : limit.rlim_cur;
}

std::uint32_t connections_that_fit(std::uint32_t wanted, std::uint64_t descriptors) {
    return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(descriptors / 2, 1, std::max(wanted, 1U)));
}

std::uint32_t make_room_for_connections(std::uint32_t wanted, telemetry::Logger& log) {
    const std::uint64_t descriptors = raise_descriptor_limit();
    const std::uint32_t connections = connections_that_fit(wanted, descriptors);
    if (connections < wanted) {
        log.warn("fewer connections than configured",
                 {{"connections", connections}, {"configured", wanted}, {"descriptors", descriptors}});
    }
    return connections;
}

}  // namespace safelight::app
