#include "imaging/layout.h"

#include <fmt/format.h>

namespace safelight {
namespace {

Status check_size(const Canvas& canvas, const ImageLimits& limits) {
    const std::uint64_t pixels = std::uint64_t{canvas.width_px} * canvas.height_px;
    const bool fits = canvas.width_px <= limits.side_max_px && canvas.height_px <= limits.side_max_px &&
                      pixels <= limits.pixels_max;
    if (fits) return {};
    return failure(ErrorCode::unsupported_transform,
                   fmt::format("The result would be {}×{} pixels, which is more than is allowed.",
                               canvas.width_px, canvas.height_px));
}

}  // namespace

Result<Layout> lay_out(const Transform& transform, const ImageFacts& facts, const ImageLimits& limits) {
    const Plan plan = plan_resize(transform.resize, facts.width_px, facts.height_px);
    const Canvas canvas = canvas_of(transform.resize, plan);
    TRY(check_size(canvas, limits));
    return Layout{as_stored(plan, facts.orientation, facts.width_px, facts.height_px), facts.orientation,
                  canvas};
}

}  // namespace safelight
