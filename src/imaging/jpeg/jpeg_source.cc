#include "imaging/jpeg/jpeg_source.h"

#include <algorithm>
#include <ranges>

#include "imaging/colour/gamut.h"
#include "imaging/container/jpeg_icc.h"
#include "imaging/jpeg/libjpeg.h"
#include "imaging/resample/resampler.h"

namespace safelight {
namespace {

constexpr std::uint32_t rows_at_once = 16;

/// A result that is at most half as large does not show how chroma was brought to full size.
bool wants_smooth_chroma(const Plan& plan) {
    return plan.region.width < 2.0 * plan.width_px || plan.region.height < 2.0 * plan.height_px;
}

}  // namespace

std::optional<Gamut> plain_gamut(std::span<const std::byte> bytes, const ImageFacts& facts, Icc icc) {
    if (facts.colour_space == ColourSpace::cmyk) return std::nullopt;
    return plain_gamut(jpeg_icc_profile(bytes), facts.colour_space == ColourSpace::grey, icc);
}

std::uint32_t jpeg_shrink_for(const Plan& plan) {
    for (const auto& [shrink, ratio_min] : jpeg_shrinks) {
        if (plan.region.width >= ratio_min * plan.width_px &&
            plan.region.height >= ratio_min * plan.height_px)
            return shrink;
    }
    return 1;
}

Result<std::vector<Pixels>> read_jpeg(std::span<const std::byte> bytes, std::span<const Plan> plans,
                                      const StopCheck& stop) {
    if (plans.empty()) return std::vector<Pixels>{};
    const std::uint32_t shrink = std::ranges::min(plans | std::views::transform(jpeg_shrink_for));
    JpegReader reader(bytes, stop);
    TRY_ASSIGN(const JpegInfo info, reader.read_header());
    if (info.channels == 0)
        return failure(ErrorCode::unsupported_image, "This kind of JPEG is not supported.");
    TRY(reader.start(shrink, std::ranges::any_of(plans, wants_smooth_chroma)));
    const std::uint32_t width = reader.rows_width_px();
    const std::uint32_t height = reader.rows_height_px();
    std::vector<Resampler> resamplers;
    resamplers.reserve(plans.size());
    for (const Plan& plan : plans) {
        // No shrink: the very plan, so that a picture that keeps its size is copied.
        resamplers.emplace_back(width, height, info.channels, shrink == 1 ? plan : shrunk(plan, shrink));
    }
    const std::size_t row_bytes = std::size_t{width} * info.channels;
    std::vector<std::uint8_t> strip(row_bytes * rows_at_once);
    while (true) {
        TRY_ASSIGN(const std::uint32_t count, reader.read_rows(strip));
        if (count == 0) break;
        for (Resampler& resampler : resamplers) resampler.push_rows(strip.data(), row_bytes, count);
    }
    TRY(reader.finish());
    std::vector<Pixels> results;
    for (Resampler& resampler : resamplers) results.push_back(resampler.take());
    return results;
}

}  // namespace safelight
