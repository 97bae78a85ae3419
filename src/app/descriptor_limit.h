// How many descriptors this process may have, and how many of them connections may take.
#pragma once

#include <cstdint>

#include "telemetry/log.h"

namespace safelight::app {

/// At most half of `descriptors`: whoever is connected has to be served, with files, connections to servers
/// and renderer processes. At least 1.
[[nodiscard]] std::uint32_t connections_that_fit(std::uint32_t wanted, std::uint64_t descriptors);

/// This process may have as many descriptors as the hard limit allows from here on. Returns how many.
std::uint64_t raise_descriptor_limit();

/// `wanted` connections, or as many as fit, which is logged. Raises the limit of descriptors first.
[[nodiscard]] std::uint32_t make_room_for_connections(std::uint32_t wanted, telemetry::Logger& log);

}  // namespace safelight::app
