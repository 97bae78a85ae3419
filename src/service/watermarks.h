// The stored images that variants lay over their picture.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "transform/presets.h"
#include "transform/transform.h"

namespace safelight {

/// Each image that the variants name once, in the order in which they are named.
template <class Variants>
[[nodiscard]] std::vector<ImageId> watermarks_of(const Variants& variants) {
    std::vector<ImageId> images;
    for (const auto& variant : variants) {
        const auto& watermark = variant.transform.watermark;
        if (watermark && std::ranges::find(images, watermark->image) == images.end())
            images.push_back(watermark->image);
    }
    return images;
}

/// Whether all of them can be had now: so that a slip is told at once, and not by a variant that failed.
/// Costs a query for each image that is named. Errors: unsupported_transform, with a fault for each variant
/// whose watermark is not among the owner's images (somebody else's look like none), or for all of them when
/// they name more than overlays_max images; unavailable.
[[nodiscard]] Status check_watermarks(Catalog& catalog, AccountId owner,
                                      std::span<const VariantRequest> variants);

}  // namespace safelight
