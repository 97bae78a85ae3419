#include "imaging/container/jxl_header.h"

#include <array>
#include <utility>

#include "imaging/container/bit_view.h"
#include "imaging/container/faults.h"

namespace safelight {
namespace {

constexpr std::uint32_t extra_channels_max = 16;
constexpr std::uint32_t colour_space_grey = 1;

enum class Channel : std::uint32_t { alpha = 0, spot_colour = 2, black = 4, colour_filter = 5 };

/// One of the four ways in which a number may be stored: so many bits, added to an offset.
struct Way {
    unsigned bits = 0;
    std::uint32_t offset = 0;
};
using Ways = std::array<Way, 4>;

std::uint32_t number(BitView& in, const Ways& ways) {
    const Way& way = ways[in.bits(2)];
    return in.bits(way.bits) + way.offset;
}

std::uint32_t enumeration(BitView& in) {
    return number(in, {{{0, 0}, {0, 1}, {4, 2}, {6, 18}}});
}

struct Sides {
    std::uint64_t width = 0;
    std::uint64_t height = 0;
};

/// The width that a ratio of 1–7 gives.
std::uint64_t width_by(std::uint32_t ratio, std::uint64_t height) {
    constexpr std::array<std::pair<std::uint64_t, std::uint64_t>, 8> ratios{
        {{1, 1}, {1, 1}, {12, 10}, {4, 3}, {3, 2}, {16, 9}, {5, 4}, {2, 1}}};
    return height * ratios[ratio].first / ratios[ratio].second;
}

Sides read_size(BitView& in) {
    constexpr Ways side{{{9, 1}, {13, 1}, {18, 1}, {30, 1}}};
    const bool by_eights = in.flag();
    const auto read_side = [&]() -> std::uint64_t {
        return by_eights ? (std::uint64_t{in.bits(5)} + 1) * 8 : number(in, side);
    };
    Sides sides;
    sides.height = read_side();
    const std::uint32_t ratio = in.bits(3);
    sides.width = ratio == 0 ? read_side() : width_by(ratio, sides.height);
    return sides;
}

void skip_preview_size(BitView& in) {
    constexpr Ways eights{{{0, 16}, {0, 32}, {5, 1}, {9, 33}}};
    constexpr Ways side{{{6, 1}, {8, 65}, {10, 321}, {12, 1345}}};
    const Ways& ways = in.flag() ? eights : side;
    static_cast<void>(number(in, ways));
    if (in.bits(3) == 0) static_cast<void>(number(in, ways));
}

void skip_animation(BitView& in) {
    static_cast<void>(number(in, {{{0, 100}, {0, 1'000}, {10, 1}, {30, 1}}}));  // ticks
    static_cast<void>(number(in, {{{0, 1}, {0, 1'001}, {8, 1}, {10, 1}}}));     // per so many seconds
    static_cast<void>(number(in, {{{0, 0}, {3, 0}, {16, 0}, {32, 0}}}));        // loops
    in.skip(1);                                                                 // timecodes
}

void skip_depth(BitView& in) {
    const bool is_float = in.flag();
    static_cast<void>(is_float ? number(in, {{{0, 32}, {0, 16}, {0, 24}, {6, 1}}})
                               : number(in, {{{0, 8}, {0, 10}, {0, 12}, {6, 1}}}));
    if (is_float) in.skip(4);  // bits of the exponent
}

Channel read_channel(BitView& in) {
    if (in.flag()) return Channel::alpha;  // as is usual
    const auto channel = static_cast<Channel>(enumeration(in));
    skip_depth(in);
    static_cast<void>(number(in, {{{0, 0}, {0, 3}, {0, 4}, {3, 1}}}));  // how often it is halved
    const std::uint32_t name_bytes = number(in, {{{0, 0}, {4, 0}, {5, 16}, {10, 48}}});
    in.skip(std::uint64_t{name_bytes} * 8);
    if (channel == Channel::alpha) in.skip(1);             // premultiplied
    if (channel == Channel::spot_colour) in.skip(4 * 16);  // its colour
    if (channel == Channel::colour_filter) static_cast<void>(number(in, {{{0, 1}, {2, 0}, {4, 3}, {8, 19}}}));
    return channel;
}

/// True when the picture is stored on its side.
bool read_extra_fields(BitView& in, JxlHeader& header) {
    const bool swaps = swaps_sides(static_cast<Orientation>(in.bits(3) + 1));
    if (in.flag()) static_cast<void>(read_size(in));  // the intrinsic size is a wish
    if (in.flag()) skip_preview_size(in);
    header.is_animated = in.flag();
    if (header.is_animated) skip_animation(in);
    return swaps;
}

Status read_metadata(BitView& in, JxlHeader& header, bool& swaps) {
    if (in.flag()) return {};  // all as usual: RGB of 8 bits
    if (in.flag()) swaps = read_extra_fields(in, header);
    skip_depth(in);
    in.skip(1);  // whether 16 bits suffice for the decoder's buffers
    const std::uint32_t channels = number(in, {{{0, 0}, {0, 1}, {4, 2}, {12, 1}}});
    if (channels > extra_channels_max) return not_taken("JPEG XL", "many channels");
    for (std::uint32_t i = 0; i < channels; ++i) {
        const Channel channel = read_channel(in);
        if (channel == Channel::black) return not_taken("JPEG XL", "CMYK");
        if (channel == Channel::alpha) header.has_alpha = true;
    }
    in.skip(1);                // XYB
    if (in.flag()) return {};  // the usual colours: sRGB
    in.skip(1);                // whether there is an ICC profile
    header.is_grey = enumeration(in) == colour_space_grey;
    return {};
}

}  // namespace

Result<JxlHeader> read_jxl_header(ByteView codestream) {
    if (!codestream.has_text(0, "\xff\x0a")) return damaged("JPEG XL", "no codestream");
    BitView in(codestream.from(2));
    const Sides sides = read_size(in);
    JxlHeader header;
    bool swaps = false;
    TRY(read_metadata(in, header, swaps));
    if (in.is_past_end()) return damaged("JPEG XL", "short header");
    constexpr std::uint64_t most = 0xffff'ffff;
    if (sides.width == 0 || sides.width > most || sides.height > most)
        return damaged("JPEG XL", "a side that cannot be");
    header.width_px = static_cast<std::uint32_t>(swaps ? sides.height : sides.width);
    header.height_px = static_cast<std::uint32_t>(swaps ? sides.width : sides.height);
    return header;
}

}  // namespace safelight
