#include "imaging/preview.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "imaging/decode.h"
#include "imaging/jpeg/jpeg_source.h"
#include "imaging/orient.h"
#include "imaging/resample/resampler.h"
#include "imaging/salience.h"
#include "imaging/trim.h"

namespace safelight {
namespace {

Plan whole_plan(const ImageFacts& facts) {
    Plan plan{{0, 0, double(facts.width_px), double(facts.height_px)}, facts.width_px, facts.height_px};
    if (swaps_sides(facts.orientation)) {
        std::swap(plan.region.width, plan.region.height);
        std::swap(plan.width_px, plan.height_px);
    }
    return plan;
}

/// A part of it may be what gravity chooses from, so that it has up to twice a view's side; never so much
/// that a JPEG had to be decoded at more than a quarter for it.
Plan view_plan(const ImageFacts& facts) {
    constexpr auto quarter = static_cast<std::uint32_t>(jpeg_shrinks[1].ratio_min);
    Plan plan = whole_plan(facts);
    const std::uint32_t longest = std::max(plan.width_px, plan.height_px);
    const std::uint32_t side = std::clamp(longest / quarter, view_side_max_px, 2 * view_side_max_px);
    const double scale = std::min(1.0, static_cast<double>(side) / longest);
    plan.width_px = std::max(1U, static_cast<std::uint32_t>(plan.width_px * scale));
    plan.height_px = std::max(1U, static_cast<std::uint32_t>(plan.height_px * scale));
    return plan;
}

Result<Pixels> decoded(const RenderInput& input, const ImageFacts& facts, const Plan& plan,
                       const StopCheck& stop) {
    TRY_ASSIGN(std::vector<Pixels> pixels, decode(input.bytes, facts, std::span(&plan, 1), stop));
    return std::move(pixels.front());
}

}  // namespace

Result<Preview> Preview::of(const RenderInput& input, const ImageFacts& facts, const StopCheck& stop) {
    Preview preview;
    preview.focal_point_ = input.focal_point;
    const bool wants_view = std::ranges::any_of(input.transforms, needs_view);
    const bool trims =
        std::ranges::any_of(input.transforms, [](const Transform& each) { return each.trim.has_value(); });
    if (trims || (wants_view && facts.format != Format::jpeg)) {
        TRY_ASSIGN(preview.whole_, decoded(input, facts, whole_plan(facts), stop));
    }
    if (wants_view) {
        Pixels view;
        if (preview.whole_) {
            view = resample(*preview.whole_, view_plan(facts));
        } else {
            TRY_ASSIGN(view, decoded(input, facts, view_plan(facts), stop));
        }
        preview.view_ = orient(std::move(view), facts.orientation);
    }
    for (const Transform& transform : input.transforms) {
        if (!transform.trim || preview.contents_.contains(*transform.trim)) continue;
        if (stop && stop()) return failure(ErrorCode::cancelled, "The work was called off.");
        preview.contents_[*transform.trim] = trimmed(*preview.whole_, facts.orientation, *transform.trim);
    }
    return preview;
}

Sight Preview::sight_for(const Transform& transform) const {
    Sight sight;
    sight.focal_point = focal_point_;
    if (transform.trim) sight.content = contents_.at(*transform.trim);
    if (needs_view(transform)) sight.view = &*view_;
    return sight;
}

}  // namespace safelight
