#include "imaging/container/container.h"
#include "imaging/imaging.h"
#include "imaging/metadata/blocks.h"
#include "imaging/metadata/exif_facts.h"
#include "imaging/vips/vips_source.h"

namespace safelight {

Result<ImageFacts> probe(std::span<const std::byte> bytes, const ImageLimits& limits) {
    TRY_ASSIGN(ImageFacts facts, inspect(bytes, limits));
    facts.exif = read_exif_facts(find_metadata(bytes, facts.format).exif);
    switch (facts.format) {
        case Format::jpeg:
        case Format::png:
        case Format::gif:
        case Format::webp:
        case Format::jxl:
        case Format::bmp:
            return facts;
        case Format::tiff:
        case Format::avif:
        case Format::heic:
            break;
    }
    TRY_ASSIGN(const ImageFacts exact, facts_from_vips(bytes, facts));
    TRY(check(exact, limits));
    return exact;
}

}  // namespace safelight
