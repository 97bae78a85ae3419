#include <algorithm>

#include "imaging/container/container.h"
#include "imaging/container/faults.h"

namespace safelight {
namespace {

constexpr std::uint8_t block_extension = 0x21;
constexpr std::uint8_t block_image = 0x2c;
constexpr std::uint8_t block_trailer = 0x3b;
constexpr std::uint8_t label_graphic_control = 0xf9;

std::size_t colour_table_bytes(std::uint8_t flags) {
    return (flags & 0x80) != 0 ? std::size_t{3} << ((flags & 0x07) + 1) : 0;
}

/// Passes over sub-blocks up to and with their terminator; false when they go past the end.
bool skip_sub_blocks(ByteView file, std::size_t& at) {
    while (file.holds(at, 1)) {
        const std::uint8_t count = file.u8(at);
        at += 1 + std::size_t{count};
        if (count == 0) return true;
    }
    return false;
}

class GifCheck {
  public:
    explicit GifCheck(ByteView file) : file_(file) {}

    Result<ImageFacts> run() {
        if (!file_.holds(0, 13)) return damaged("GIF", "short header");
        facts_.width_px = file_.u16le(6);
        facts_.height_px = file_.u16le(8);
        std::size_t at = 13 + colour_table_bytes(file_.u8(10));
        while (file_.holds(at, 1)) {
            const std::uint8_t block = file_.u8(at++);
            if (block == block_trailer) break;
            if (block == block_extension) {
                TRY(read_extension(at));
            } else if (block == block_image) {
                TRY(read_image(at));
            } else if (block != 0) {  // stray terminators are common
                return damaged("GIF", "unknown block");
            }
        }
        if (facts_.frames == 0) return damaged("GIF", "no frames");
        return facts_;
    }

  private:
    Status read_extension(std::size_t& at) {
        const bool has_transparency = file_.u8(at) == label_graphic_control && (file_.u8(at + 2) & 0x01) != 0;
        if (has_transparency) facts_.has_alpha = true;
        ++at;
        if (!skip_sub_blocks(file_, at)) return damaged("GIF", "an extension goes past the end");
        return {};
    }

    Status read_image(std::size_t& at) {
        if (!file_.holds(at, 10)) return damaged("GIF", "a frame goes past the end");
        const std::uint32_t left = file_.u16le(at);
        const std::uint32_t top = file_.u16le(at + 2);
        const std::uint32_t width = file_.u16le(at + 4);
        const std::uint32_t height = file_.u16le(at + 6);
        if (width == 0 || height == 0) return damaged("GIF", "a frame has a side of zero");
        // Decoders make room for the frame, whatever the logical screen says.
        facts_.width_px = std::max(facts_.width_px, left + width);
        facts_.height_px = std::max(facts_.height_px, top + height);
        at += 9 + colour_table_bytes(file_.u8(at + 8));
        ++at;  // the code size
        if (!skip_sub_blocks(file_, at)) return damaged("GIF", "a frame's data goes past the end");
        ++facts_.frames;
        return {};
    }

    ByteView file_;
    ImageFacts facts_{.format = Format::gif, .frames = 0};
};

}  // namespace

Result<ImageFacts> inspect_gif(ByteView file) {
    return GifCheck(file).run();
}

}  // namespace safelight
