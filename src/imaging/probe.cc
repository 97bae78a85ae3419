#include "imaging/container/container.h"
#include "imaging/imaging.h"
#include "imaging/jxl/jxl_reader.h"
#include "imaging/metadata/blocks.h"
#include "imaging/metadata/exif_facts.h"
#include "imaging/vips/vips_source.h"

namespace safelight {
namespace {

Result<ImageFacts> with_frames(std::span<const std::byte> bytes, ImageFacts facts,
                               const ImageLimits& limits) {
    TRY_ASSIGN(facts.frames, count_jxl_frames(bytes, limits.frames_max));
    TRY(check(facts, limits));
    return facts;
}

}  // namespace

Result<ImageFacts> probe(std::span<const std::byte> bytes, const ImageLimits& limits) {
    TRY_ASSIGN(ImageFacts facts, inspect(bytes, limits));
    facts.exif = read_exif_facts(find_metadata(bytes, facts.format).exif);
    switch (facts.format) {
        case Format::jpeg:
        case Format::png:
        case Format::gif:
        case Format::webp:
        case Format::bmp:
            return facts;
        case Format::jxl:
            return with_frames(bytes, facts, limits);
        case Format::tiff:
        case Format::avif:
        case Format::heic:
        case Format::svg:
            break;
    }
    TRY_ASSIGN(const ImageFacts exact, facts_from_vips(bytes, facts));
    TRY(check(exact, limits));
    return exact;
}

}  // namespace safelight
