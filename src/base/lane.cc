#include "base/lane.h"

#include <algorithm>

namespace safelight {
namespace {

constexpr std::array<std::string_view, all_lanes.size()> names{
    "interactive", "normal", "bulk", "overflow-interactive", "overflow-normal", "overflow-bulk"};

}  // namespace

std::string_view name_of(Priority priority) {
    return name_of(lane_of(priority));
}

std::optional<Priority> priority_from_name(std::string_view name) {
    const auto lane = lane_from_name(name);
    if (!lane || is_overflow(*lane)) return std::nullopt;
    return static_cast<Priority>(*lane);
}

std::string_view name_of(Lane lane) {
    return names[index_of(lane)];
}

std::optional<Lane> lane_from_name(std::string_view name) {
    const auto found = std::ranges::find(names, name);
    if (found == names.end()) return std::nullopt;
    return all_lanes[static_cast<std::size_t>(found - names.begin())];
}

}  // namespace safelight
