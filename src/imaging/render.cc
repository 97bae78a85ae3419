#include <algorithm>

#include "imaging/adjust.h"
#include "imaging/blur.h"
#include "imaging/decode.h"
#include "imaging/duotone.h"
#include "imaging/encode.h"
#include "imaging/extend.h"
#include "imaging/flatten.h"
#include "imaging/imaging.h"
#include "imaging/jpeg/libjpeg.h"
#include "imaging/layout.h"
#include "imaging/orient.h"
#include "imaging/preview.h"
#include "imaging/resample/resampler.h"
#include "imaging/rotate.h"
#include "imaging/round_corners.h"
#include "imaging/sharpen.h"
#include "imaging/vips/library.h"
#include "imaging/vips/versions.h"
#include "imaging/watermark.h"

namespace safelight {
namespace {

/// One transform on its way: what was asked for, and what it comes to with this picture.
struct Task {
    const Transform* transform = nullptr;
    Format format = Format::jpeg;
    Layout layout;
};

/// Nothing that was asked for is left out in silence.
Status check_carried_out(const Transform& transform) {
    const bool is_missing = transform.automatic_format || transform.max_bytes ||
                            transform.metadata != Metadata::none || transform.icc != Icc::srgb;
    if (!is_missing) return {};
    return failure(ErrorCode::unsupported_transform, "This server cannot carry out all of the transform.");
}

Result<Task> task_of(const Transform& transform, const ImageFacts& facts, const Sight& sight,
                     const RenderInput& input, const ImageLimits& limits) {
    TRY(check_carried_out(transform));
    if (transform.watermark) TRY(overlay_for(*transform.watermark, input.overlays));
    TRY_ASSIGN(const Format format, output_format(transform, facts));
    TRY_ASSIGN(const Layout layout, lay_out(transform, facts, limits, sight));
    return Task{&transform, format, layout};
}

/// As displayed, in the size of the result. Turning comes after resizing: it needs all pixels at once, and
/// there are fewer of them now; the layout has the resizing done in stored coordinates. Error: cancelled.
Result<Pixels> turned(Pixels pixels, const Layout& layout, const StopCheck& stop) {
    pixels = orient(std::move(pixels), layout.turn);
    if (!layout.rotation) return pixels;
    TRY_ASSIGN(const Pixels rotated, rotate(pixels, layout.rotation->degrees, stop));
    return orient(resample(rotated, layout.rotation->plan), layout.rotation->flip);
}

/// What all tasks of a call share.
struct Shared {
    const RenderInput& input;
    const StopCheck& stop;
    OverlayReader& overlays;
};

/// Everything between the resize and the encoder, in the order that transform.h sets. Errors: cancelled, and
/// those of add_watermark.
Result<Pixels> finish(Pixels pixels, const Task& task, const Shared& shared) {
    const Transform& transform = *task.transform;
    TRY_ASSIGN(pixels, turned(std::move(pixels), task.layout, shared.stop));
    if (transform.greyscale) pixels = greyscale(std::move(pixels));
    if (adjusts_colour(transform)) {
        pixels = adjust(std::move(pixels), transform.saturation, transform.brightness, transform.contrast);
    }
    if (transform.duotone) pixels = duotone(std::move(pixels), *transform.duotone);
    TRY(blur(pixels, transform.blur, shared.stop));
    TRY(sharpen(pixels, transform.sharpen, shared.stop));
    if (transform.watermark) {
        TRY_ASSIGN(pixels, add_watermark(std::move(pixels), *transform.watermark, shared.overlays));
    }
    pixels = round_corners(std::move(pixels), transform.corner_radius_px);
    if (transform.background) pixels = flatten(std::move(pixels), *transform.background);
    return extend(std::move(pixels), task.layout.canvas, transform.background.value_or(white));
}

Result<EncodedPicture> complete(Pixels pixels, const Task& task, const Shared& shared) {
    TRY_ASSIGN(Pixels finished, finish(std::move(pixels), task, shared));
    return encode(std::move(finished), task.format, *task.transform, shared.stop);
}

}  // namespace

Status initialise_codecs() {
    return initialise_vips();
}

Result<RenderOutput> render_all(const RenderInput& input, const ImageLimits& limits, const StopCheck& stop) {
    TRY_ASSIGN(const ImageFacts facts, probe(input.bytes, limits));
    TRY_ASSIGN(const Preview preview, Preview::of(input, facts, stop));
    std::vector<Result<Task>> tasks;
    std::vector<Plan> plans;  // of the tasks that can be done
    for (const Transform& transform : input.transforms) {
        tasks.push_back(task_of(transform, facts, preview.sight_for(transform), input, limits));
        if (tasks.back()) plans.push_back(tasks.back()->layout.plan);
    }
    TRY_ASSIGN(std::vector<Pixels> pixels, preview.whole() ? resample_all(*preview.whole(), plans, stop)
                                                           : decode(input.bytes, facts, plans, stop));
    OverlayReader overlays(input.overlays, limits, stop);
    const Shared shared{input, stop, overlays};
    RenderOutput output;
    std::size_t next = 0;
    for (Result<Task>& task : tasks) {
        if (!task) {
            output.pictures.push_back(forward(std::move(task)));
            continue;
        }
        if (stop && stop()) return failure(ErrorCode::cancelled, "The work was called off.");
        output.pictures.push_back(complete(std::move(pixels[next++]), *task, shared));
        const auto& picture = output.pictures.back();
        if (!picture && picture.error().code == ErrorCode::cancelled)
            return failure(ErrorCode::cancelled, "The work was called off.");
    }
    return output;
}

std::vector<std::string> codec_versions() {
    std::vector<std::string> lines = vips_versions();
    lines.insert(lines.begin() + 1, jpeg_version());
    return lines;
}

}  // namespace safelight
