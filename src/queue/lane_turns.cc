#include "queue/lane_turns.h"

#include <algorithm>

namespace safelight {
namespace {

Lane first_of(std::uint32_t look) {
    if (look % 32 == 31) return Lane::overflow;
    if (look % 32 == 15) return Lane::bulk;
    if (look % 4 == 3) return Lane::normal;
    return Lane::interactive;
}

}  // namespace

LaneTurns::Order LaneTurns::next() {
    Order order = all_lanes;
    const auto first = order.begin() + static_cast<std::ptrdiff_t>(index_of(first_of(looks_++)));
    std::rotate(order.begin(), first, first + 1);
    return order;
}

}  // namespace safelight
