#include "imaging/vips/svg.h"

#include <algorithm>
#include <cmath>

namespace safelight {
namespace {

constexpr double drawn_pixels_max = 50e6;
constexpr double drawn_side_max_px = 16'383;

constexpr const char* loader = "svgload_buffer";
constexpr const char* loader_class = "VipsForeignLoadSvgBuffer";

}  // namespace

double svg_scale(std::span<const Plan> plans, const ImageFacts& facts) {
    const double width = facts.width_px;
    const double height = facts.height_px;
    double wanted = 0;
    for (const Plan& plan : plans) {
        wanted = std::max({wanted, plan.width_px / plan.region.width, plan.height_px / plan.region.height});
    }
    const double scale = wanted >= 1 ? wanted : std::min(1.0, 2 * wanted);
    const double most =
        std::min(drawn_side_max_px / std::max(width, height), std::sqrt(drawn_pixels_max / (width * height)));
    return std::min(scale, most);
}

Result<VipsPicture> draw_svg(std::span<const std::byte> bytes, double scale) {
    if (vips_type_find("VipsOperation", loader) == 0)
        return failure(ErrorCode::unsupported_image, "SVG is not taken by this server.");
    // It is among the untrusted loaders, which are blocked until one is wanted.
    vips_operation_block_set(loader_class, FALSE);
    VipsImage* out = nullptr;
    // libvips does not write to it; the parameter is not const.
    void* data = const_cast<std::byte*>(bytes.data());
    if (vips_svgload_buffer(data, bytes.size(), &out, "scale", scale, "access", VIPS_ACCESS_SEQUENTIAL,
                            "fail_on", VIPS_FAIL_ON_ERROR, nullptr) != 0) {
        return vips_failure(ErrorCode::invalid_image, "The picture cannot be decoded.");
    }
    return VipsPicture(out);
}

bool has_own_sides(VipsImage* picture, std::span<const std::byte> bytes) {
    const int width = vips_image_get_width(picture);
    const int height = vips_image_get_height(picture);
    if (width > 1 && height > 1) return true;
    // A side that is told grows.
    const auto enlarged = draw_svg(bytes, 16);
    return enlarged && vips_image_get_width(enlarged->get()) > width &&
           vips_image_get_height(enlarged->get()) > height;
}

}  // namespace safelight
