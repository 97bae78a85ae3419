#include "queue/lane_turns.h"

#include <algorithm>

namespace safelight {
namespace {

/// What every fourth look begins with.
constexpr std::array others_first{
    Lane::normal, Lane::overflow_interactive, Lane::normal, Lane::bulk,
    Lane::normal, Lane::overflow_normal,      Lane::normal, Lane::overflow_bulk};

Lane first_of(std::uint32_t look) {
    return look % 4 == 3 ? others_first[look / 4 % others_first.size()] : Lane::interactive;
}

}  // namespace

LaneTurns::Order LaneTurns::next() {
    Order order = all_lanes;
    const auto first = order.begin() + static_cast<std::ptrdiff_t>(index_of(first_of(looks_++)));
    std::rotate(order.begin(), first, first + 1);
    return order;
}

}  // namespace safelight
