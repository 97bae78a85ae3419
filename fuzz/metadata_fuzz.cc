// What a picture says of itself: XMP, IPTC and EXIF by themselves, as the first byte chooses, or whole files.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>

#include "image/exif_facts.h"
#include "imaging/container/container.h"
#include "imaging/metadata/blocks.h"
#include "imaging/metadata/credits.h"
#include "imaging/metadata/exif_block.h"
#include "imaging/metadata/exif_facts.h"
#include "imaging/metadata/exif_tags.h"
#include "imaging/metadata/text.h"
#include "imaging/metadata/xmp.h"

namespace {

using namespace safelight;

constexpr std::size_t block_bytes_max = 16'384;  // "a few kilobytes"

void require(bool holds) {
    if (!holds) std::abort();
}

void check_text(const std::string& text) {
    require(text.size() <= metadata_text_bytes_max);
    require(text == text_of(ByteView(std::as_bytes(std::span(text)))));
}

Credits checked_credits(const MetadataBlocks& blocks) {
    Credits credits = read_credits(blocks);
    check_text(credits.artist);
    check_text(credits.copyright);
    return credits;
}

/// What a variant carries: small, without places and further directories, and read as it was written.
void check_block(std::span<const std::byte> file, Format format) {
    const Credits credits = checked_credits(find_metadata(file, format));
    for (const Metadata policy : {Metadata::none, Metadata::copyright, Metadata::all_but_location}) {
        const auto block = exif_block(file, format, policy);
        require(block.size() <= block_bytes_max);
        if (policy == Metadata::none) require(block.empty());
        if (block.empty()) continue;
        const ByteView exif(block);
        const auto directory = TiffDirectory::first_of(exif);
        require(directory && directory->is_whole());
        require(!directory->directory(exif_tag::gps_directory));
        require(exif.u32le(std::uint64_t{exif.u32le(4)} + 2U + directory->size() * 12U) == 0);
        require(read_credits({.exif = exif, .xmp = {}, .iptc = {}}) == credits);
        const ExifFacts facts = read_exif_facts(exif);
        require(is_valid(facts) && !facts.position);
    }
}

void check_file(std::span<const std::byte> file) {
    const auto facts = inspect(file, {});
    if (!facts) return;
    require(is_valid(read_exif_facts(find_metadata(file, facts->format).exif)));
    check_block(file, facts->format);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = std::as_bytes(std::span(data, size));
    if (size == 0) return 0;
    const auto block = bytes.subspan(1);
    switch (data[0]) {
        case 'X':
            for (const std::string_view name : {"dc:creator", "dc:rights", "photoshop:Credit"}) {
                check_text(xmp_text(ByteView(block), name));
                check_text(first_xmp_text(ByteView(block), name));
            }
            checked_credits({.exif = {}, .xmp = ByteView(block), .iptc = {}});
            return 0;
        case 'I':
            checked_credits({.exif = {}, .xmp = {}, .iptc = ByteView(block)});
            return 0;
        case 'E':  // of a TIFF the file itself
            require(is_valid(read_exif_facts(ByteView(block))));
            check_block(block, Format::tiff);
            return 0;
        default:
            check_file(bytes);
            return 0;
    }
}
