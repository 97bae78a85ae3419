#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/result.h"
#include "image/limits.h"
#include "imaging/imaging.h"
#include "imaging/pixels.h"
#include "transform/transform.h"

namespace safelight {

/// The file of the image that a watermark names. Error: unsupported_transform (it did not come with the
/// picture).
[[nodiscard]] Result<OverlayFile> overlay_for(const Watermark& watermark,
                                              std::span<const OverlayFile> overlays);

/// The size that an overlay of these sides has on a picture: its width as the share that `scale` says,
/// rounded half up, its height as its aspect ratio wants; smaller in both when it would be higher than the
/// picture.
struct OverlaySize {
    std::uint32_t width_px = 0;
    std::uint32_t height_px = 0;

    bool operator==(const OverlaySize&) const = default;
};
[[nodiscard]] OverlaySize overlay_size(const Watermark& watermark, const Pixels& picture,
                                       std::uint32_t width_px, std::uint32_t height_px);

/// Where an overlay of these sides begins: at its side, `margin_px` away from it; in the middle of an axis
/// the margin does not count. May be outside of the picture.
struct Offset {
    std::int64_t x = 0;
    std::int64_t y = 0;

    bool operator==(const Offset&) const = default;
};
[[nodiscard]] Offset overlay_offset(const Watermark& watermark, const Pixels& picture,
                                    const OverlaySize& size);

/// Lays `overlay`, its alpha times `opacity`, over the picture from `offset` on; what sticks out is cut off.
/// Source over destination (Porter, Duff: Compositing Digital Images, 1984) in encoded values, as
/// browsers composite; both are of the same gamut. Grey becomes RGB under an overlay in colour.
[[nodiscard]] Pixels lay_over(Pixels picture, const Pixels& overlay, const Offset& offset,
                              Hundredths opacity);

/// Decodes the overlays of a call, each at the size that it needs: its first frame, upright, in the gamut of
/// the picture that it is for.
/// Remembers the last one, so that the frames of an animation cost one decode. One thread.
class OverlayReader {
  public:
    /// All of it outlives the reader.
    OverlayReader(std::span<const OverlayFile> files, const ImageLimits& limits, const StopCheck& stop)
        : files_(files), limits_(limits), stop_(stop) {}

    /// What the watermark names, in its size on `picture`; valid until the next call. Errors:
    /// unsupported_transform (not there, no usable picture, or past the limits), cancelled, renderer_failed.
    [[nodiscard]] Result<const Pixels*> read(const Watermark& watermark, const Pixels& picture);

  private:
    struct Decoded {
        Watermark watermark;
        std::uint32_t picture_width_px = 0;
        std::uint32_t picture_height_px = 0;
        Pixels pixels;
    };

    std::span<const OverlayFile> files_;
    const ImageLimits& limits_;
    const StopCheck& stop_;
    std::optional<Decoded> last_;
};

/// All of it. Errors: as OverlayReader.
[[nodiscard]] Result<Pixels> add_watermark(Pixels picture, const Watermark& watermark,
                                           OverlayReader& overlays);

}  // namespace safelight
