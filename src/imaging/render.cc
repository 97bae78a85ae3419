#include <algorithm>

#include "imaging/adjust.h"
#include "imaging/blur.h"
#include "imaging/encode.h"
#include "imaging/extend.h"
#include "imaging/flatten.h"
#include "imaging/imaging.h"
#include "imaging/jpeg/jpeg_source.h"
#include "imaging/jpeg/libjpeg.h"
#include "imaging/layout.h"
#include "imaging/orient.h"
#include "imaging/sharpen.h"
#include "imaging/vips/library.h"
#include "imaging/vips/versions.h"
#include "imaging/vips/vips_source.h"

namespace safelight {
namespace {

/// One transform on its way: what was asked for, and what it comes to with this picture.
struct Task {
    const Transform* transform = nullptr;
    Format format = Format::jpeg;
    Layout layout;
};

Result<Task> task_of(const Transform& transform, const ImageFacts& facts, const ImageLimits& limits) {
    TRY_ASSIGN(const Format format, output_format(transform, facts));
    TRY_ASSIGN(const Layout layout, lay_out(transform, facts, limits));
    return Task{&transform, format, layout};
}

Result<std::vector<Pixels>> read_pixels(std::span<const std::byte> bytes, const ImageFacts& facts,
                                        std::span<const Plan> plans, const StopCheck& stop) {
    if (facts.format == Format::jpeg && is_plain_jpeg(bytes, facts)) return read_jpeg(bytes, plans, stop);
    return read_by_vips(bytes, facts, plans, stop);
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

Result<std::vector<Result<EncodedPicture>>> render_all(std::span<const std::byte> bytes,
                                                       std::span<const Transform> transforms,
                                                       const ImageLimits& limits, const StopCheck& stop) {
    TRY_ASSIGN(const ImageFacts facts, probe(bytes, limits));
    std::vector<Result<Task>> tasks;
    std::vector<Plan> plans;  // of the tasks that can be done
    for (const Transform& transform : transforms) {
        tasks.push_back(task_of(transform, facts, limits));
        if (tasks.back()) plans.push_back(tasks.back()->layout.plan);
    }
    TRY_ASSIGN(std::vector<Pixels> pixels, read_pixels(bytes, facts, plans, stop));
    std::vector<Result<EncodedPicture>> pictures;
    std::size_t next = 0;
    for (Result<Task>& task : tasks) {
        if (!task) {
            pictures.push_back(forward(std::move(task)));
            continue;
        }
        if (stop && stop()) return failure(ErrorCode::cancelled, "The work was called off.");
        pictures.push_back(complete(std::move(pixels[next++]), *task, stop));
        const bool called_off = !pictures.back() && pictures.back().error().code == ErrorCode::cancelled;
        if (called_off) return forward(std::move(pictures.back()));
    }
    return pictures;
}

std::vector<std::string> codec_versions() {
    std::vector<std::string> lines = vips_versions();
    lines.insert(lines.begin() + 1, jpeg_version());
    return lines;
}

}  // namespace safelight
