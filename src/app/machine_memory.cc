#include "app/machine_memory.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>
#include <string_view>

namespace safelight::app {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t no_limit = std::numeric_limits<std::uint64_t>::max();

std::uint64_t machine_bytes() {
    const auto pages = static_cast<std::uint64_t>(std::max(::sysconf(_SC_PHYS_PAGES), 0L));
    return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

/// "max" is none.
std::uint64_t limit_in(const fs::path& file) {
    std::uint64_t limit = 0;
    return std::ifstream(file) >> limit && limit > 0 ? limit : no_limit;
}

/// Of the group and of those around it, up to the top. A container may see a path of the machine and have the
/// top alone: what is not there has no limit.
std::uint64_t least_limit(const fs::path& top, std::string_view group, const char* file) {
    std::uint64_t least = limit_in(top / file);
    fs::path folder = top;
    for (const fs::path& part : fs::path(group).relative_path()) {
        folder /= part;
        least = std::min(least, limit_in(folder / file));
    }
    return least;
}

bool lists_memory(std::string_view controllers) {
    return ("," + std::string(controllers) + ",").find(",memory,") != std::string::npos;
}

/// A line is "number:controllers:path"; that of version 2 names no controllers.
std::uint64_t limit_of(std::string_view line, const fs::path& groups) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) return no_limit;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    const std::string_view group = line.substr(second + 1);
    if (controllers.empty()) return least_limit(groups, group, "memory.max");
    if (lists_memory(controllers)) return least_limit(groups / "memory", group, "memory.limit_in_bytes");
    return no_limit;
}

}  // namespace

std::uint64_t available_memory_bytes(const fs::path& root) {
    std::uint64_t bytes = machine_bytes();
    std::ifstream file(root / "proc/self/cgroup");
    for (std::string line; std::getline(file, line);)
        bytes = std::min(bytes, limit_of(line, root / "sys/fs/cgroup"));
    return bytes;
}

}  // namespace safelight::app
