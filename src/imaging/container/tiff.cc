#include <algorithm>

#include "imaging/container/container.h"
#include "imaging/container/faults.h"
#include "imaging/container/tiff_directory.h"

namespace safelight {
namespace {

enum class Tag : std::uint16_t {
    width = 256,
    height = 257,
    bits_per_sample = 258,
    compression = 259,
    photometric = 262,
    strip_offsets = 273,
    orientation = 274,
    samples_per_pixel = 277,
    strip_byte_counts = 279,
    tile_offsets = 324,
    tile_byte_counts = 325,
    extra_samples = 338,
};

constexpr std::uint32_t compression_none = 1;
constexpr std::uint32_t compression_old_jpeg = 6;

/// The first directory alone: only the first page counts, and the chain behind it is never followed.
class TiffCheck {
  public:
    TiffCheck(ByteView file, const TiffDirectory& directory) : file_(file), directory_(directory) {}

    Result<ImageFacts> run() {
        if (!directory_.is_whole()) return damaged("TIFF", "no directory");
        ImageFacts facts{.format = Format::tiff};
        facts.width_px = number(Tag::width, 0);
        facts.height_px = number(Tag::height, 0);
        if (facts.width_px == 0 || facts.height_px == 0) return damaged("TIFF", "no sides");
        if (number(Tag::compression, compression_none) == compression_old_jpeg) {
            return not_taken("TIFF", "old-style JPEG compression");
        }
        TRY(check_data(facts));
        read_colours(facts);
        const std::uint32_t orientation = number(Tag::orientation, 1);
        if (orientation >= 1 && orientation <= 8) facts.orientation = static_cast<Orientation>(orientation);
        if (swaps_sides(facts.orientation)) std::swap(facts.width_px, facts.height_px);
        return facts;
    }

  private:
    [[nodiscard]] TiffField field(Tag tag) const { return directory_.field(static_cast<std::uint16_t>(tag)); }

    [[nodiscard]] std::uint32_t number(Tag tag, std::uint32_t otherwise) const {
        const TiffField found = field(tag);
        return found.is_present() ? found.number() : otherwise;
    }

    /// Every strip or tile begins inside the file; uncompressed, the bytes suffice for the pixels.
    [[nodiscard]] Status check_data(const ImageFacts& facts) const {
        const bool tiled = field(Tag::tile_offsets).is_present();
        const TiffField offsets = field(tiled ? Tag::tile_offsets : Tag::strip_offsets);
        const TiffField counts = field(tiled ? Tag::tile_byte_counts : Tag::strip_byte_counts);
        if (!offsets.is_present()) return damaged("TIFF", "no strips or tiles");
        std::uint64_t stored_bytes = 0;
        for (std::uint32_t i = 0; i < offsets.count; ++i) {
            const std::uint32_t offset = offsets.number(i);
            if (!file_.holds(offset, 1)) return damaged("TIFF", "a strip or tile past the end");
            const std::uint64_t until_end = file_.size() - offset;
            stored_bytes +=
                i < counts.count ? std::min<std::uint64_t>(counts.number(i), until_end) : until_end;
        }
        if (number(Tag::compression, compression_none) != compression_none) return {};
        // At least one bit for each pixel, whatever the samples are.
        if (stored_bytes < std::uint64_t{facts.width_px} * facts.height_px / 8) {
            return damaged("TIFF", "fewer bytes than pixels");
        }
        return {};
    }

    void read_colours(ImageFacts& facts) const {
        const std::uint32_t photometric = number(Tag::photometric, 1);
        if (photometric <= 1) facts.colour_space = ColourSpace::grey;
        if (photometric == 5) facts.colour_space = ColourSpace::cmyk;
        // 1: premultiplied alpha, 2: alpha; 0 says nothing, and is taken for alpha by most.
        const std::uint32_t colours = facts.colour_space == ColourSpace::grey   ? 1
                                      : facts.colour_space == ColourSpace::cmyk ? 4
                                                                                : 3;
        const std::uint32_t samples = number(Tag::samples_per_pixel, 1);
        facts.has_alpha = field(Tag::extra_samples).is_present() && photometric != 3 && samples > colours;
    }

    ByteView file_;
    TiffDirectory directory_;
};

}  // namespace

Result<ImageFacts> inspect_tiff(ByteView file) {
    const auto directory = TiffDirectory::first_of(file);
    if (!directory) return damaged("TIFF", "no directory");
    return TiffCheck(file, *directory).run();
}

}  // namespace safelight
