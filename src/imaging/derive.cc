#include "imaging/derive.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace safelight {
namespace {

constexpr double resolution_min = 2;
constexpr std::uint32_t generation_max = 3;
constexpr double tolerance = 1e-6;  // of a pixel of the source

double pixels_of(const Plan& plan) {
    return static_cast<double>(plan.width_px) * plan.height_px;
}

bool lies_in(const Region& part, const Region& whole) {
    return part.left >= whole.left - tolerance && part.top >= whole.top - tolerance &&
           part.left + part.width <= whole.left + whole.width + tolerance &&
           part.top + part.height <= whole.top + whole.height + tolerance;
}

bool can_be_parent(const Plan& parent, const Plan& child) {
    const double wide = parent.width_px / parent.region.width;  // pixels for each of the source
    const double high = parent.height_px / parent.region.height;
    return wide >= resolution_min * child.width_px / child.region.width &&
           high >= resolution_min * child.height_px / child.region.height &&
           lies_in(child.region, parent.region) && child.bounds == parent.bounds && child.icc == parent.icc;
}

/// `child` in pixels of what `parent` comes to.
Plan in_pixels_of(const Plan& parent, const Plan& child) {
    const double wide = parent.width_px / parent.region.width;
    const double high = parent.height_px / parent.region.height;
    const Region& part = child.region;
    return {{(part.left - parent.region.left) * wide, (part.top - parent.region.top) * high,
             part.width * wide, part.height * high},
            child.width_px,
            child.height_px};
}

}  // namespace

std::vector<Derivation> derive(std::span<const Plan> plans) {
    std::vector<std::size_t> by_size(plans.size());
    std::iota(by_size.begin(), by_size.end(), std::size_t{0});
    std::ranges::sort(by_size, std::ranges::greater(),
                      [&](std::size_t i) { return std::pair(pixels_of(plans[i]), i); });

    std::vector<Derivation> derivations(plans.size());
    std::vector<std::size_t> larger;  // those that may be parents, the smallest last
    for (const std::size_t i : by_size) {
        // The smallest that will do costs least.
        const auto parent = std::find_if(larger.rbegin(), larger.rend(), [&](std::size_t candidate) {
            return derivations[candidate].generation < generation_max &&
                   can_be_parent(plans[candidate], plans[i]);
        });
        if (parent == larger.rend()) {
            derivations[i] = {{}, plans[i]};
        } else {
            derivations[i] = {*parent, in_pixels_of(plans[*parent], plans[i]),
                              derivations[*parent].generation + 1};
        }
        larger.push_back(i);
    }
    return derivations;
}

}  // namespace safelight
