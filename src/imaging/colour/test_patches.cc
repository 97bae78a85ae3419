#include "imaging/colour/test_patches.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "imaging/colour/gamut.h"
#include "imaging/metadata/attach.h"
#include "imaging/vips/load.h"
#include "imaging/vips/save.h"

namespace safelight::test {

Pixels patches(std::span<const Sample> colours) {
    Pixels pixels(static_cast<std::uint32_t>(colours.size()) * patch_px, patch_px, 3);
    for (std::uint32_t y = 0; y < pixels.height_px; ++y) {
        for (std::uint32_t x = 0; x < pixels.width_px; ++x)
            std::ranges::copy(colours[x / patch_px], pixels.row(y) + std::size_t{x} * 3);
    }
    return pixels;
}

Sample patch(const Pixels& pixels, std::size_t index) {
    const std::uint8_t* middle =
        pixels.row(patch_px / 2) + (index * patch_px + patch_px / 2) * pixels.channels;
    return {middle[0], middle[1], middle[2]};
}

Bytes png_of(const Pixels& pixels, std::span<const std::byte> profile) {
    return attach(save_picture(pixels, Format::png, {}, {}).value(), Format::png,
                  {.exif = {}, .icc = profile})
        .value();
}

Bytes profile_in(const Bytes& file, Format format) {
    const auto picture = load_picture(file, format);
    EXPECT_TRUE(picture);
    if (!picture || vips_image_get_typeof(picture->get(), VIPS_META_ICC_NAME) == 0) return {};
    const void* data = nullptr;
    std::size_t size = 0;
    vips_image_get_blob(picture->get(), VIPS_META_ICC_NAME, &data, &size);
    const auto* begin = static_cast<const std::byte*>(data);
    return {begin, begin + size};
}

bool holds_display_p3(const Bytes& file, Format format) {
    return std::ranges::equal(profile_in(file, format), display_p3_profile());
}

Bytes rendered_alone(const Bytes& file, const Transform& transform) {
    const auto pictures = rendered(file, std::span(&transform, 1), {}, {});
    EXPECT_TRUE(pictures && pictures->front());
    return pictures && pictures->front() ? pictures->front()->bytes : Bytes{};
}

}  // namespace safelight::test
