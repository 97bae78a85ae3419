#include "imaging/vips/memory_picture.h"

#include <utility>

namespace safelight {
namespace {

VipsInterpretation interpretation_of(const RawPicture& raw) {
    const bool is_grey = raw.channels <= 2;
    if (raw.bits == 8) return is_grey ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;
    return is_grey ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_RGB16;
}

void release(VipsImage*, RawPicture* raw) {
    delete raw;
}

}  // namespace

Result<VipsPicture> picture_in_memory(RawPicture raw) {
    auto owned = std::make_unique<RawPicture>(std::move(raw));
    VipsImage* picture = vips_image_new_from_memory(
        owned->samples.data(), owned->samples.size(), static_cast<int>(owned->width_px),
        static_cast<int>(owned->height_px), static_cast<int>(owned->channels),
        owned->bits == 8 ? VIPS_FORMAT_UCHAR : VIPS_FORMAT_USHORT);
    if (picture == nullptr)
        return vips_failure(ErrorCode::renderer_failed, "The picture could not be processed.");
    picture->Type = interpretation_of(*owned);
    if (!owned->icc_profile.empty()) {
        vips_image_set_blob_copy(picture, VIPS_META_ICC_NAME, owned->icc_profile.data(),
                                 owned->icc_profile.size());
    }
    g_signal_connect(picture, "postclose", G_CALLBACK(release), owned.release());
    return VipsPicture(picture);
}

}  // namespace safelight
