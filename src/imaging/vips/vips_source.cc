#include "imaging/vips/vips_source.h"

#include <algorithm>
#include <cstring>
#include <ranges>

#include "imaging/colour/coded_colours.h"
#include "imaging/container/png_chunks.h"
#include "imaging/jpeg/jpeg_source.h"
#include "imaging/resample/resampler.h"
#include "imaging/vips/colour.h"
#include "imaging/vips/library.h"
#include "imaging/vips/load.h"
#include "imaging/vips/svg.h"

namespace safelight {
namespace {

constexpr int rows_at_once = 16;

struct VipsRegionRelease {
    void operator()(VipsRegion* region) const { g_object_unref(region); }
};

std::uint32_t side(int value) {
    return static_cast<std::uint32_t>(std::max(value, 0));
}

/// Decodes from the top, strip by strip, and hands each row to all resamplers.
Status push_rows(VipsImage* picture, std::span<Resampler> resamplers, const StopCheck& stop) {
    const std::unique_ptr<VipsRegion, VipsRegionRelease> region(vips_region_new(picture));
    const int width = vips_image_get_width(picture);
    const int height = vips_image_get_height(picture);
    for (int top = 0; top < height; top += rows_at_once) {
        if (stop && stop()) return failure(ErrorCode::cancelled, "The work was called off.");
        const VipsRect strip{0, top, width, std::min(rows_at_once, height - top)};
        if (vips_region_prepare(region.get(), &strip) != 0) {
            // libvips forgets that a picture was killed once it has seen it.
            if (stop && stop()) return vips_failure(ErrorCode::cancelled, "The work was called off.");
            return vips_failure(ErrorCode::invalid_image, "The picture cannot be decoded.");
        }
        const auto* rows = reinterpret_cast<const std::uint8_t*>(VIPS_REGION_ADDR(region.get(), 0, top));
        const auto row_bytes = static_cast<std::size_t>(VIPS_REGION_LSKIP(region.get()));
        for (Resampler& resampler : resamplers)
            resampler.push_rows(rows, row_bytes, static_cast<std::uint32_t>(strip.height));
    }
    return {};
}

/// libvips takes some canvases of GIFs for a mistake and shows the frames' extent alone: back to the canvas,
/// whose corner is the same. Any other difference between the header that was checked and the pixels is a
/// lie.
Result<VipsPicture> on_canvas(VipsPicture picture, const ImageFacts& facts) {
    const bool swaps = swaps_sides(facts.orientation);
    const std::uint32_t width = swaps ? facts.height_px : facts.width_px;
    const std::uint32_t height = swaps ? facts.width_px : facts.height_px;
    const std::uint32_t found_width = side(vips_image_get_width(picture.get()));
    const std::uint32_t found_height = side(vips_image_get_height(picture.get()));
    if (found_width == width && found_height == height) return picture;
    const bool fits = found_width <= width && found_height <= height;
    VipsImage* out = nullptr;
    const bool embedded = facts.format == Format::gif && fits &&
                          vips_embed(picture.get(), &out, 0, 0, static_cast<int>(width),
                                     static_cast<int>(height), nullptr) == 0;
    if (!embedded) {
        return failure(ErrorCode::invalid_image, "The picture is damaged.",
                       "its pixels have other sides than its header");
    }
    return VipsPicture(out);
}

/// The same plan for a drawing of other sides than its own.
Plan drawn(const Plan& plan, const ImageFacts& facts, double width, double height) {
    Plan result = plan;
    const auto stretch = [&](Region& region) {
        region.left = region.left * width / facts.width_px;
        region.width = region.width * width / facts.width_px;
        region.top = region.top * height / facts.height_px;
        region.height = region.height * height / facts.height_px;
    };
    stretch(result.region);
    if (result.bounds) stretch(*result.bounds);
    return result;
}

/// Drawn once, large enough for all of the plans.
Result<std::vector<Pixels>> read_svg(std::span<const std::byte> bytes, const ImageFacts& facts,
                                     std::span<const Plan> plans, const StopCheck& stop) {
    TRY_ASSIGN(VipsPicture picture, draw_svg(bytes, svg_scale(plans, facts)));
    stop_when(picture.get(), stop);
    TRY_ASSIGN(picture, to_gamut(std::move(picture), Gamut::srgb));
    const std::uint32_t width = side(vips_image_get_width(picture.get()));
    const std::uint32_t height = side(vips_image_get_height(picture.get()));
    std::vector<Resampler> resamplers;
    resamplers.reserve(plans.size());
    for (const Plan& plan : plans) {
        resamplers.emplace_back(width, height, side(vips_image_get_bands(picture.get())),
                                drawn(plan, facts, width, height));
    }
    TRY(push_rows(picture.get(), resamplers, stop));
    std::vector<Pixels> results;
    for (Resampler& resampler : resamplers) results.push_back(resampler.take());
    return results;
}

}  // namespace

Result<ImageFacts> facts_from_vips(std::span<const std::byte> bytes, const ImageFacts& facts) {
    const VipsThread thread;
    TRY_ASSIGN(const VipsPicture picture, load_picture(bytes, facts.format));
    if (facts.format == Format::svg && !has_own_sides(picture.get(), bytes))
        return failure(ErrorCode::image_too_large, "The drawing has sides beyond every limit.");
    ImageFacts exact = facts;
    exact.width_px = side(vips_image_get_width(picture.get()));
    exact.height_px = side(vips_image_get_height(picture.get()));
    if (swaps_sides(exact.orientation)) std::swap(exact.width_px, exact.height_px);
    exact.has_alpha = vips_image_hasalpha(picture.get()) != 0;
    return exact;
}

Result<std::vector<Pixels>> read_by_vips(std::span<const std::byte> bytes, const ImageFacts& facts,
                                         std::span<const Plan> plans, Icc icc, const StopCheck& stop) {
    if (plans.empty()) return std::vector<Pixels>{};
    const VipsThread thread;
    const std::optional<Gamut> coded = coded_gamut(bytes, facts.format);
    std::vector<std::byte> clean;
    if (facts.format == Format::png) {
        clean = without_png_metadata(bytes);
        bytes = clean;
    }
    // Only libjpeg shrinks while it decodes.
    const std::uint32_t shrink =
        facts.format == Format::jpeg ? std::ranges::min(plans | std::views::transform(jpeg_shrink_for)) : 1;
    if (facts.format == Format::svg) return read_svg(bytes, facts, plans, stop);
    TRY_ASSIGN(VipsPicture loaded, load_picture(bytes, facts.format, static_cast<int>(shrink)));
    stop_when(loaded.get(), stop);
    if (shrink == 1) {
        TRY_ASSIGN(loaded, on_canvas(std::move(loaded), facts));
    }
    if (coded) assume_gamut(loaded.get(), *coded, facts.format);
    const Gamut gamut = gamut_for(loaded.get(), icc);
    TRY_ASSIGN(const VipsPicture picture, to_gamut(std::move(loaded), gamut));
    std::vector<Resampler> resamplers;
    resamplers.reserve(plans.size());
    for (const Plan& plan : plans) {
        resamplers.emplace_back(side(vips_image_get_width(picture.get())),
                                side(vips_image_get_height(picture.get())),
                                side(vips_image_get_bands(picture.get())), shrunk(plan, shrink));
    }
    TRY(push_rows(picture.get(), resamplers, stop));
    std::vector<Pixels> results;
    for (Resampler& resampler : resamplers) {
        results.push_back(resampler.take());
        results.back().gamut = gamut;
    }
    return results;
}

}  // namespace safelight
