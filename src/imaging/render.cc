#include <algorithm>

#include "imaging/adjust.h"
#include "imaging/blur.h"
#include "imaging/decode.h"
#include "imaging/encode.h"
#include "imaging/extend.h"
#include "imaging/flatten.h"
#include "imaging/imaging.h"
#include "imaging/jpeg/libjpeg.h"
#include "imaging/layout.h"
#include "imaging/orient.h"
#include "imaging/sharpen.h"
#include "imaging/vips/library.h"
#include "imaging/vips/versions.h"

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
    const bool has_gravity = transform.crop && transform.crop->gravity;
    const bool needs_picture = transform.resize && !is_compass_point(transform.resize->gravity);
    const bool is_missing = transform.trim || has_gravity || needs_picture ||
                            !quarter_turns(transform.rotate) || transform.duotone || transform.watermark ||
                            transform.corner_radius_px != 0 || transform.metadata != Metadata::none ||
                            transform.icc != Icc::srgb;
    if (!is_missing) return {};
    return failure(ErrorCode::unsupported_transform, "This server cannot carry out all of the transform.");
}

Result<Task> task_of(const Transform& transform, const ImageFacts& facts, const ImageLimits& limits) {
    TRY(check_carried_out(transform));
    TRY_ASSIGN(const Format format, output_format(transform, facts));
    TRY_ASSIGN(const Layout layout, lay_out(transform, facts, limits));
    return Task{&transform, format, layout};
}

/// Everything between the resize and the encoder, in the order that transform.h sets. Only turning differs:
/// it needs all pixels at once, and there are fewer of them now; the layout has the resizing done in stored
/// coordinates. Error: cancelled.
Result<Pixels> finish(Pixels pixels, const Task& task, const StopCheck& stop) {
    const Transform& transform = *task.transform;
    pixels = orient(std::move(pixels), task.layout.turn);
    if (transform.greyscale) pixels = greyscale(std::move(pixels));
    if (adjusts_colour(transform)) {
        pixels = adjust(std::move(pixels), transform.saturation, transform.brightness, transform.contrast);
    }
    TRY(blur(pixels, transform.blur, stop));
    TRY(sharpen(pixels, transform.sharpen, stop));
    if (transform.background) pixels = flatten(std::move(pixels), *transform.background);
    return extend(std::move(pixels), task.layout.canvas, transform.background.value_or(white));
}

Result<EncodedPicture> complete(Pixels pixels, const Task& task, const StopCheck& stop) {
    TRY_ASSIGN(Pixels finished, finish(std::move(pixels), task, stop));
    return encode(std::move(finished), task.format, *task.transform, stop);
}

}  // namespace

Status initialise_codecs() {
    return initialise_vips();
}

Result<RenderOutput> render_all(const RenderInput& input, const ImageLimits& limits, const StopCheck& stop) {
    TRY_ASSIGN(const ImageFacts facts, probe(input.bytes, limits));
    std::vector<Result<Task>> tasks;
    std::vector<Plan> plans;  // of the tasks that can be done
    for (const Transform& transform : input.transforms) {
        tasks.push_back(task_of(transform, facts, limits));
        if (tasks.back()) plans.push_back(tasks.back()->layout.plan);
    }
    TRY_ASSIGN(std::vector<Pixels> pixels, decode(input.bytes, facts, plans, stop));
    RenderOutput output;
    std::size_t next = 0;
    for (Result<Task>& task : tasks) {
        if (!task) {
            output.pictures.push_back(forward(std::move(task)));
            continue;
        }
        if (stop && stop()) return failure(ErrorCode::cancelled, "The work was called off.");
        output.pictures.push_back(complete(std::move(pixels[next++]), *task, stop));
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
