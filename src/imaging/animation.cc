#include "imaging/animation.h"

#include <fmt/format.h>

#include <algorithm>

#include "imaging/encode.h"
#include "imaging/frame_sequence.h"
#include "imaging/vips/frame_reader.h"
#include "imaging/vips/gif_animation.h"
#include "imaging/webp/webp_animation.h"

namespace safelight {

bool stays_animated(const Transform& transform, Format format, const ImageFacts& facts) {
    return facts.frames > 1 && transform.animation == Animation::keep && can_be_animated(facts.format) &&
           can_be_animated(format);
}

Status check_animation(const Transform& transform, Format format, const Canvas& canvas,
                       const ImageFacts& facts, const ImageLimits& limits) {
    const std::uint64_t frame_pixels = std::uint64_t{canvas.width_px} * canvas.height_px;
    const std::uint64_t height_px = std::max({canvas.height_px, facts.width_px, facts.height_px});
    // No overflow: the sides are 32 bits wide, and were checked against the limits.
    if (frame_pixels > limits.pixels_max / facts.frames || height_px > frame_rows_max / facts.frames) {
        return failure(ErrorCode::unsupported_transform,
                       fmt::format("The result would be {} frames of {}×{} pixels, which is more than is "
                                   "allowed; \"animation\": \"first-frame\" makes a still picture.",
                                   facts.frames, canvas.width_px, canvas.height_px));
    }
    TRY(check_room(format, canvas.width_px, canvas.height_px));
    if (transform.max_bytes) {
        return failure(ErrorCode::unsupported_transform,
                       "\"max_bytes\" is for still pictures; \"animation\": \"first-frame\" makes one.");
    }
    return {};
}

Result<EncodedPicture> animate(std::span<const std::byte> bytes, const ImageFacts& facts, const Plan& plan,
                               const FinishFrame& finish, Format format, const Transform& transform,
                               const StopCheck& stop) {
    const VipsThread thread;
    TRY_ASSIGN(FrameReader reader, FrameReader::open(bytes, facts, plan.icc, stop));
    EncodedPicture picture{format, 0, 0, {}};
    FrameSequence frames;
    frames.timing = reader.timing();
    frames.next = [&]() -> Result<Pixels> {
        TRY_ASSIGN(Pixels resized, reader.next(plan));
        TRY_ASSIGN(Pixels finished, finish(std::move(resized)));
        picture.width_px = finished.width_px;
        picture.height_px = finished.height_px;
        return finished;
    };
    const SaveOptions options{transform.quality.value_or(default_quality(format)), transform.lossless,
                              transform.effort};
    const auto write = format == Format::gif ? write_gif_animation : write_webp_animation;
    TRY_ASSIGN(picture.bytes, write(frames, options, stop));
    return picture;
}

}  // namespace safelight
