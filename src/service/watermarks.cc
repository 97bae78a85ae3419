#include "service/watermarks.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "renderer/renderer.h"

namespace safelight {
namespace {

std::unexpected<Error> refused(std::string text, std::vector<Fault> faults) {
    return std::unexpected(Error{ErrorCode::unsupported_transform, std::move(text), {}, std::move(faults)});
}

}  // namespace

Status check_watermarks(Catalog& catalog, AccountId owner, std::span<const VariantRequest> variants) {
    const std::vector<ImageId> images = watermarks_of(variants);
    if (images.size() > overlays_max) {
        const std::string text =
            fmt::format("The variants name {} images as watermarks; {} can be used at once.", images.size(),
                        overlays_max);
        return refused(text, {{"/variants", text}});
    }
    std::vector<ImageId> unknown;
    for (const ImageId image : images) {
        const auto found = catalog.find_image(owner, image);
        if (found) continue;
        if (found.error().code != ErrorCode::not_found) return std::unexpected(found.error());
        unknown.push_back(image);
    }
    if (unknown.empty()) return {};
    std::vector<Fault> faults;
    for (std::size_t i = 0; i < variants.size(); ++i) {
        const auto& watermark = variants[i].transform.watermark;
        if (!watermark || std::ranges::find(unknown, watermark->image) == unknown.end()) continue;
        faults.push_back(
            {fmt::format("/variants/{}", i),
             fmt::format("The watermark {} is none of your images.", watermark->image.to_string())});
    }
    return refused("A watermark does not exist.", std::move(faults));
}

}  // namespace safelight
