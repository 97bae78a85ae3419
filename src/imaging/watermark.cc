#include "imaging/watermark.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "imaging/colour/gamut.h"
#include "imaging/decode.h"
#include "imaging/flatten.h"
#include "imaging/framing.h"
#include "imaging/orient.h"

namespace safelight {
namespace {

/// A watermark that is broken says nothing of the picture that it was meant for.
Error as_watermark_error(Error error) {
    if (error.code == ErrorCode::cancelled || error.code == ErrorCode::renderer_failed) return error;
    return {ErrorCode::unsupported_transform,
            "\"watermark\": its image cannot be used. " + error.public_text,
            std::move(error.log_text),
            {}};
}

Result<Pixels> decoded(std::span<const std::byte> bytes, const Watermark& watermark, const Pixels& picture,
                       const ImageLimits& limits, const StopCheck& stop) {
    TRY_ASSIGN(const ImageFacts facts, probe(bytes, limits));
    const OverlaySize size = overlay_size(watermark, picture, facts.width_px, facts.height_px);
    const Plan displayed{
        {0, 0, double(facts.width_px), double(facts.height_px)}, size.width_px, size.height_px};
    const Plan plan = as_stored(displayed, facts.orientation, facts.width_px, facts.height_px);
    TRY_ASSIGN(std::vector<Pixels> pixels, decode(bytes, facts, std::span(&plan, 1), stop));
    return in_gamut(orient(std::move(pixels.front()), facts.orientation), picture.gamut);
}

/// Opacities are of 255 · 100 here: those of a sample and of the watermark, multiplied.
constexpr std::uint64_t opaque = 255 * 100;

/// One pixel of the overlay over one of the picture. `step` is 0 for a grey overlay, whose one sample counts
/// for all channels.
void blend(const std::uint8_t* over, std::size_t step, std::uint64_t opacity, std::uint8_t* pixel,
           std::uint32_t channels) {
    const std::uint32_t colours = has_alpha(channels) ? channels - 1 : channels;
    const std::uint64_t below = has_alpha(channels) ? pixel[colours] : 255;
    const std::uint64_t remaining = (opaque - opacity) * below;  // of opaque · 255
    const std::uint64_t sum = opacity * 255 + remaining;
    if (sum == 0) return;
    for (std::uint32_t c = 0; c < colours; ++c) {
        const std::uint64_t mixed = over[c * step] * opacity * 255 + pixel[c] * remaining;
        pixel[c] = static_cast<std::uint8_t>((mixed + sum / 2) / sum);
    }
    if (has_alpha(channels)) pixel[colours] = static_cast<std::uint8_t>((sum + opaque / 2) / opaque);
}

}  // namespace

Result<OverlayFile> overlay_for(const Watermark& watermark, std::span<const OverlayFile> overlays) {
    const auto found = std::ranges::find(overlays, watermark.image, &OverlayFile::image);
    if (found != overlays.end()) return *found;
    return failure(ErrorCode::unsupported_transform, "\"watermark\": its image is not there.");
}

OverlaySize overlay_size(const Watermark& watermark, const Pixels& picture, std::uint32_t width_px,
                         std::uint32_t height_px) {
    const auto side = [](double length) {
        return static_cast<std::uint32_t>(std::max(1.0, std::floor(length + 0.5)));
    };
    const double width = watermark.scale.value() * picture.width_px;
    const double scale = std::min(width / width_px, static_cast<double>(picture.height_px) / height_px);
    return {side(width_px * scale), side(height_px * scale)};
}

Offset overlay_offset(const Watermark& watermark, const Pixels& picture, const OverlaySize& size) {
    const auto along = [&](double share, std::int64_t whole, std::int64_t part) {
        if (share == 0) return std::int64_t{watermark.margin_px};
        if (share == 1) return whole - part - std::int64_t{watermark.margin_px};
        return (whole - part) / 2;
    };
    const Fractions share = fractions_of(watermark.position);
    return {along(share.x, picture.width_px, size.width_px),
            along(share.y, picture.height_px, size.height_px)};
}

Pixels lay_over(Pixels picture, const Pixels& overlay, const Offset& offset, Hundredths opacity) {
    if (overlay.channels >= 3) picture = to_rgb(std::move(picture));
    const std::size_t step = overlay.channels >= 3 ? 1 : 0;
    const std::int64_t right = std::min<std::int64_t>(picture.width_px, offset.x + overlay.width_px);
    const std::int64_t bottom = std::min<std::int64_t>(picture.height_px, offset.y + overlay.height_px);
    for (std::int64_t y = std::max<std::int64_t>(0, offset.y); y < bottom; ++y) {
        const std::uint8_t* from = overlay.row(static_cast<std::uint32_t>(y - offset.y));
        std::uint8_t* to = picture.row(static_cast<std::uint32_t>(y));
        for (std::int64_t x = std::max<std::int64_t>(0, offset.x); x < right; ++x) {
            const std::uint8_t* over = from + static_cast<std::size_t>(x - offset.x) * overlay.channels;
            const std::uint64_t alpha = has_alpha(overlay.channels) ? over[overlay.channels - 1] : 255;
            blend(over, step, alpha * opacity.count, to + static_cast<std::size_t>(x) * picture.channels,
                  picture.channels);
        }
    }
    return picture;
}

Result<const Pixels*> OverlayReader::read(const Watermark& watermark, const Pixels& picture) {
    const bool is_last =
        last_ && last_->watermark == watermark && last_->picture_width_px == picture.width_px &&
        last_->picture_height_px == picture.height_px && last_->pixels.gamut == picture.gamut;
    if (is_last) return &last_->pixels;
    TRY_ASSIGN(const OverlayFile file, overlay_for(watermark, files_));
    auto pixels = decoded(file.bytes, watermark, picture, limits_, stop_);
    if (!pixels) return std::unexpected(as_watermark_error(std::move(pixels).error()));
    last_.emplace(watermark, picture.width_px, picture.height_px, std::move(*pixels));
    return &last_->pixels;
}

Result<Pixels> add_watermark(Pixels picture, const Watermark& watermark, OverlayReader& overlays) {
    TRY_ASSIGN(const Pixels* overlay, overlays.read(watermark, picture));
    const Offset offset = overlay_offset(watermark, picture, {overlay->width_px, overlay->height_px});
    return lay_over(std::move(picture), *overlay, offset, watermark.opacity);
}

}  // namespace safelight
