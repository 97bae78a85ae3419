#include <algorithm>

#include "imaging/adjust.h"
#include "imaging/animation.h"
#include "imaging/blur.h"
#include "imaging/colour/gamut.h"
#include "imaging/decode.h"
#include "imaging/duotone.h"
#include "imaging/encode.h"
#include "imaging/extend.h"
#include "imaging/flatten.h"
#include "imaging/imaging.h"
#include "imaging/jpeg/libjpeg.h"
#include "imaging/jxl/jxl_writer.h"
#include "imaging/layout.h"
#include "imaging/look/look_at.h"
#include "imaging/metadata/exif_block.h"
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
    bool is_animation = false;         // every frame is made, not only the first
    std::vector<std::byte> exif = {};  // that the result carries
};

/// Grey has no gamut, and what is mixed from two colours of sRGB is of sRGB.
Icc icc_for(const Transform& transform, Format format) {
    const bool has_gamut = carries_profile(format) || format == Format::jxl;
    return has_gamut && !transform.greyscale && !transform.duotone ? transform.icc : Icc::srgb;
}

Attachments attachments_for(Gamut gamut, Format format, std::vector<std::byte> exif) {
    Attachments attachments{std::move(exif), {}};
    if (gamut == Gamut::display_p3 && carries_profile(format)) attachments.icc = display_p3_profile();
    return attachments;
}

/// What all tasks of a call share.
struct Shared {
    const RenderInput& input;
    const ImageFacts& facts;
    const ImageLimits& limits;
    const StopCheck& stop;
    OverlayReader& overlays;
};

Result<Task> task_of(const Transform& transform, const Sight& sight, const Shared& shared) {
    const ImageFacts& facts = shared.facts;
    if (transform.watermark) TRY(overlay_for(*transform.watermark, shared.input.overlays));
    TRY_ASSIGN(const Format format, output_format(transform, facts));
    TRY_ASSIGN(const Layout layout, lay_out(transform, facts, shared.limits, sight));
    Task task{&transform, format, layout, stays_animated(transform, format, facts),
              exif_block(shared.input.bytes, facts.format, transform.metadata)};
    if (task.is_animation) TRY(check_animation(transform, format, layout.canvas, facts, shared.limits));
    task.layout.plan.icc = icc_for(transform, format);
    return task;
}

/// As displayed, in the size of the result. Turning comes after resizing: it needs all pixels at once, and
/// there are fewer of them now; the layout has the resizing done in stored coordinates. Error: cancelled.
Result<Pixels> turned(Pixels pixels, const Layout& layout, const StopCheck& stop) {
    pixels = orient(std::move(pixels), layout.turn);
    if (!layout.rotation) return pixels;
    TRY_ASSIGN(const Pixels rotated, rotate(pixels, layout.rotation->degrees, stop));
    return orient(resample(rotated, layout.rotation->plan), layout.rotation->flip);
}

/// Everything between the resize and the encoder, in the order that transform.h sets. Errors: cancelled, and
/// those of add_watermark.
Result<Pixels> finish(Pixels pixels, const Task& task, const Shared& shared) {
    const Transform& transform = *task.transform;
    const Gamut gamut = pixels.gamut;
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
    if (transform.background) pixels = flatten(std::move(pixels), in_gamut(*transform.background, gamut));
    return extend(std::move(pixels), task.layout.canvas,
                  in_gamut(transform.background.value_or(white), gamut));
}

Result<EncodedPicture> complete(Pixels pixels, const Task& task, const Shared& shared) {
    const Gamut gamut = pixels.gamut;
    TRY_ASSIGN(Pixels finished, finish(std::move(pixels), task, shared));
    return encode(std::move(finished), task.format, *task.transform, shared.stop,
                  attachments_for(gamut, task.format, task.exif));
}

Result<EncodedPicture> complete_frames(const Task& task, const Shared& shared) {
    Gamut gamut = Gamut::srgb;  // the same for all
    const FinishFrame finish_frame = [&](Pixels pixels) {
        gamut = pixels.gamut;
        return finish(std::move(pixels), task, shared);
    };
    TRY_ASSIGN(EncodedPicture picture, animate(shared.input.bytes, shared.facts, task.layout.plan,
                                               finish_frame, task.format, *task.transform, shared.stop));
    TRY_ASSIGN(picture.bytes,
               attach(std::move(picture.bytes), task.format, attachments_for(gamut, task.format, task.exif)));
    return picture;
}

/// The pixels of each plan. What the preview had to decode is not decoded again, unless more of its colours
/// is wanted.
Result<std::vector<Pixels>> pixels_for(std::span<const Plan> plans, const Preview& preview,
                                       const Shared& shared) {
    const bool keeps_icc = std::ranges::any_of(plans, [](const Plan& plan) { return plan.icc == Icc::keep; });
    const bool is_drawn = shared.facts.format == Format::svg;  // sharp in every size
    if (preview.whole() && !keeps_icc && !is_drawn) return resample_all(*preview.whole(), plans, shared.stop);
    return decode(shared.input.bytes, shared.facts, plans, shared.stop);
}

}  // namespace

Status initialise_codecs() {
    return initialise_vips();
}

Result<RenderOutput> render_all(const RenderInput& input, const ImageLimits& limits, const StopCheck& stop) {
    TRY_ASSIGN(const ImageFacts facts, probe(input.bytes, limits));
    TRY_ASSIGN(const Preview preview, Preview::of(input, facts, stop));
    OverlayReader overlays(input.overlays, limits, stop);
    const Shared shared{input, facts, limits, stop, overlays};
    std::vector<Result<Task>> tasks;
    std::vector<Plan> plans;  // of the tasks that can be done with the first frame alone
    for (const Transform& transform : input.transforms) {
        tasks.push_back(task_of(transform, preview.sight_for(transform), shared));
        if (tasks.back() && !tasks.back()->is_animation) plans.push_back(tasks.back()->layout.plan);
    }
    std::optional<Layout> seen;  // the miniature by which the look is judged
    if (input.wants_look) {
        TRY_ASSIGN(seen, lay_out(miniature(), facts, limits));
        plans.push_back(seen->plan);
    }
    TRY_ASSIGN(std::vector<Pixels> pixels, pixels_for(plans, preview, shared));
    RenderOutput output;
    if (seen) output.look = look_at(orient(std::move(pixels.back()), seen->turn));
    std::size_t next = 0;
    for (Result<Task>& task : tasks) {
        if (!task) {
            output.pictures.push_back(forward(std::move(task)));
            continue;
        }
        if (stop && stop()) return failure(ErrorCode::cancelled, "The work was called off.");
        output.pictures.push_back(task->is_animation ? complete_frames(*task, shared)
                                                     : complete(std::move(pixels[next++]), *task, shared));
        const auto& picture = output.pictures.back();
        if (!picture && picture.error().code == ErrorCode::cancelled)
            return failure(ErrorCode::cancelled, "The work was called off.");
    }
    return output;
}

std::vector<std::string> codec_versions() {
    std::vector<std::string> lines = vips_versions();
    lines.insert(lines.begin() + 1, jpeg_version());
    lines.push_back(jxl_version());
    return lines;
}

}  // namespace safelight
