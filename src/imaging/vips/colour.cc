#include "imaging/vips/colour.h"

#include "imaging/colour/gamut.h"
#include "imaging/colour/icc_profile.h"

namespace safelight {
namespace {

/// Empty when there is none.
std::span<const std::byte> profile_of(VipsImage* picture) {
    if (vips_image_get_typeof(picture, VIPS_META_ICC_NAME) == 0) return {};
    const void* data = nullptr;
    std::size_t size = 0;
    if (vips_image_get_blob(picture, VIPS_META_ICC_NAME, &data, &size) != 0) return {};
    return {static_cast<const std::byte*>(data), size};
}

bool has_foreign_profile(VipsImage* picture, Gamut gamut) {
    const std::span<const std::byte> profile = profile_of(picture);
    if (profile.empty()) return false;
    return gamut == Gamut::srgb ? !is_srgb_profile(profile) : !is_display_p3_profile(profile);
}

/// Grey stays grey; everything else becomes RGB.
VipsInterpretation goal_of(VipsImage* picture) {
    const VipsInterpretation now = vips_image_guess_interpretation(picture);
    const bool is_grey = now == VIPS_INTERPRETATION_B_W || now == VIPS_INTERPRETATION_GREY16;
    return is_grey ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;
}

/// The name of libvips' own profile.
constexpr const char* profile_name(Gamut gamut) {
    return gamut == Gamut::srgb ? "srgb" : "p3";
}

VipsPicture by_profile(VipsImage* picture, Gamut gamut) {
    VipsImage* out = nullptr;
    const bool is_cmyk = vips_image_guess_interpretation(picture) == VIPS_INTERPRETATION_CMYK;
    const VipsIntent intent =
        is_perceptual_only(profile_of(picture)) ? VIPS_INTENT_PERCEPTUAL : VIPS_INTENT_RELATIVE;
    const int failed = is_cmyk ? vips_icc_transform(picture, &out, profile_name(gamut), "embedded", TRUE,
                                                    "input_profile", "cmyk", "intent", intent, nullptr)
                               : vips_icc_transform(picture, &out, profile_name(gamut), "embedded", TRUE,
                                                    "intent", intent, nullptr);
    if (failed == 0) return VipsPicture(out);
    // A profile that is broken, or for another kind of picture: as if there were none.
    vips_error_clear();
    return nullptr;
}

}  // namespace

void assume_gamut(VipsImage* picture, Gamut gamut, Format format) {
    if (format != Format::png && !profile_of(picture).empty()) return;
    vips_image_remove(picture, VIPS_META_ICC_NAME);
    if (gamut == Gamut::srgb) return;
    const std::span<const std::byte> profile = display_p3_profile();
    vips_image_set_blob_copy(picture, VIPS_META_ICC_NAME, profile.data(), profile.size());
}

Gamut gamut_for(VipsImage* picture, Icc icc) {
    const VipsInterpretation now = vips_image_guess_interpretation(picture);
    const bool is_rgb = now == VIPS_INTERPRETATION_sRGB || now == VIPS_INTERPRETATION_RGB16;
    return icc == Icc::keep && is_rgb && has_wide_gamut(profile_of(picture)) ? Gamut::display_p3
                                                                             : Gamut::srgb;
}

Result<VipsPicture> to_gamut(VipsPicture picture, Gamut gamut) {
    const VipsInterpretation goal = goal_of(picture.get());
    const bool is_cmyk = vips_image_guess_interpretation(picture.get()) == VIPS_INTERPRETATION_CMYK;
    VipsPicture managed;
    if (is_cmyk || has_foreign_profile(picture.get(), gamut)) managed = by_profile(picture.get(), gamut);
    if (managed) picture = std::move(managed);
    if (vips_image_guess_interpretation(picture.get()) != goal &&
        vips_image_guess_interpretation(picture.get()) != VIPS_INTERPRETATION_sRGB) {
        VipsImage* out = nullptr;
        if (vips_colourspace(picture.get(), &out, goal, nullptr) != 0) {
            return vips_failure(ErrorCode::invalid_image, "The picture's colours cannot be read.");
        }
        picture.reset(out);
    }
    if (vips_image_get_format(picture.get()) != VIPS_FORMAT_UCHAR) {
        VipsImage* out = nullptr;
        if (vips_cast_uchar(picture.get(), &out, nullptr) != 0) {
            return vips_failure(ErrorCode::invalid_image, "The picture's samples cannot be read.");
        }
        picture.reset(out);
    }
    // More bands than colours and alpha: what they mean is not known.
    const int bands = vips_image_get_bands(picture.get());
    const int bands_max = vips_image_guess_interpretation(picture.get()) == VIPS_INTERPRETATION_B_W ? 2 : 4;
    if (bands > bands_max) {
        VipsImage* out = nullptr;
        if (vips_extract_band(picture.get(), &out, 0, "n", bands_max, nullptr) != 0) {
            return vips_failure(ErrorCode::invalid_image, "The picture's samples cannot be read.");
        }
        picture.reset(out);
    }
    return picture;
}

}  // namespace safelight
