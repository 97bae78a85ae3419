// The frames of an animation, each as it is shown: composed on the whole canvas.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/result.h"
#include "image/facts.h"
#include "imaging/animation_timing.h"
#include "imaging/geometry.h"
#include "imaging/imaging.h"
#include "imaging/pixels.h"
#include "imaging/resample/resampler.h"
#include "imaging/vips/library.h"

namespace safelight {

/// libvips puts all frames into one picture, one below the other, which may not be higher than this.
inline constexpr std::uint64_t frame_rows_max = VIPS_MAX_COORD;

/// One pass from the first frame to the last. One thread at a time, not necessarily the same.
class FrameReader {
  public:
    /// Of a format that can_be_animated. Frames come in sRGB, or in Display P3 where `icc` keeps it. `bytes`
    /// and `stop` must outlive the reader. Errors: invalid_image.
    [[nodiscard]] static Result<FrameReader> open(std::span<const std::byte> bytes, const ImageFacts& facts,
                                                  Icc icc, const StopCheck& stop);

    [[nodiscard]] const AnimationTiming& timing() const { return timing_; }

    /// The next frame by `plan`, which is in stored pixels of the canvas; not turned. To be called once for
    /// each frame. Errors: invalid_image, cancelled.
    [[nodiscard]] Result<Pixels> next(const Plan& plan);

  private:
    FrameReader(VipsPicture picture, Gamut gamut, AnimationTiming timing, const ImageFacts& facts,
                const StopCheck& stop);

    /// The rows of the next frame, with those of the canvas that libvips left out.
    [[nodiscard]] Status push_page(Resampler& resampler);

    VipsPicture picture_;  // all frames, one below the other
    Gamut gamut_;
    AnimationTiming timing_;
    std::uint32_t canvas_width_px_ = 0;
    std::uint32_t canvas_height_px_ = 0;
    const StopCheck* stop_;
    std::uint32_t frame_ = 0;  // the next one
};

}  // namespace safelight
