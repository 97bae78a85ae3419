#include <algorithm>

#include "imaging/container/container.h"
#include "imaging/container/faults.h"

namespace safelight {
namespace {

constexpr std::uint16_t entries_max = 1000;

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

struct Field {
    std::uint16_t type = 0;
    std::uint32_t count = 0;
    ByteView values;

    [[nodiscard]] bool is_present() const { return count > 0; }
};

constexpr std::uint32_t bytes_of_type(std::uint16_t type) {
    switch (type) {
        case 1:
        case 2:
        case 6:
        case 7:
            return 1;
        case 3:
        case 8:
            return 2;
        case 4:
        case 9:
        case 11:
            return 4;
        case 5:
        case 10:
        case 12:
            return 8;
        default:
            return 0;
    }
}

/// The first directory alone: only the first page counts, and the chain behind it is never followed.
class TiffCheck {
  public:
    explicit TiffCheck(ByteView file) : file_(file), little_(file.has_text(0, "II")) {}

    Result<ImageFacts> run() {
        directory_ = u32(file_, 4);
        const std::uint16_t entries = u16(file_, directory_);
        if (entries == 0 || entries > entries_max ||
            !file_.holds(directory_, 2 + std::size_t{entries} * 12)) {
            return damaged("TIFF", "no directory");
        }
        entries_ = entries;
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
    [[nodiscard]] std::uint16_t u16(ByteView view, std::uint64_t at) const {
        return little_ ? view.u16le(at) : view.u16be(at);
    }
    [[nodiscard]] std::uint32_t u32(ByteView view, std::uint64_t at) const {
        return little_ ? view.u32le(at) : view.u32be(at);
    }

    /// Absent when its values do not lie in the file.
    [[nodiscard]] Field field(Tag tag) const {
        for (std::uint16_t i = 0; i < entries_; ++i) {
            const std::uint64_t entry = directory_ + 2 + std::uint64_t{i} * 12;
            if (u16(file_, entry) != static_cast<std::uint16_t>(tag)) continue;
            const std::uint16_t type = u16(file_, entry + 2);
            const std::uint32_t count = u32(file_, entry + 4);
            const std::uint64_t bytes = std::uint64_t{count} * bytes_of_type(type);
            const auto values = file_.part(bytes <= 4 ? entry + 8 : u32(file_, entry + 8), bytes);
            return bytes == 0 || !values ? Field{} : Field{type, count, *values};
        }
        return {};
    }

    [[nodiscard]] std::uint32_t value_at(const Field& field, std::uint32_t index) const {
        switch (field.type) {
            case 1:
                return field.values.u8(index);
            case 3:
                return u16(field.values, std::uint64_t{index} * 2);
            case 4:
                return u32(field.values, std::uint64_t{index} * 4);
            default:
                return 0;
        }
    }

    [[nodiscard]] std::uint32_t number(Tag tag, std::uint32_t otherwise) const {
        const Field found = field(tag);
        return found.is_present() ? value_at(found, 0) : otherwise;
    }

    /// Every strip or tile begins inside the file; uncompressed, the bytes suffice for the pixels.
    [[nodiscard]] Status check_data(const ImageFacts& facts) const {
        const bool tiled = field(Tag::tile_offsets).is_present();
        const Field offsets = field(tiled ? Tag::tile_offsets : Tag::strip_offsets);
        const Field counts = field(tiled ? Tag::tile_byte_counts : Tag::strip_byte_counts);
        if (!offsets.is_present()) return damaged("TIFF", "no strips or tiles");
        std::uint64_t stored_bytes = 0;
        for (std::uint32_t i = 0; i < offsets.count; ++i) {
            const std::uint32_t offset = value_at(offsets, i);
            if (!file_.holds(offset, 1)) return damaged("TIFF", "a strip or tile past the end");
            const std::uint64_t until_end = file_.size() - offset;
            stored_bytes +=
                i < counts.count ? std::min<std::uint64_t>(value_at(counts, i), until_end) : until_end;
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
    bool little_;
    std::uint64_t directory_ = 0;
    std::uint16_t entries_ = 0;
};

}  // namespace

Result<ImageFacts> inspect_tiff(ByteView file) {
    return TiffCheck(file).run();
}

}  // namespace safelight
