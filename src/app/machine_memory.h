// How much memory there is for this process.
#pragma once

#include <cstdint>
#include <filesystem>

namespace safelight::app {

/// The machine's, or less where the control group of this process, or one around it, is limited to less: of
/// either version, in a container or not. Reads /proc/self/cgroup and /sys/fs/cgroup below `root`. Any
/// thread.
[[nodiscard]] std::uint64_t available_memory_bytes(const std::filesystem::path& root = "/");

}  // namespace safelight::app
