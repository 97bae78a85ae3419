// The pixels of a PNG by our own reader: as many as its header says, the same each time, or none.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "imaging/container/byte_view.h"
#include "imaging/png/png_source.h"

using namespace safelight;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::uint64_t pixels_max = 300'000;
    const auto file = std::as_bytes(std::span(data, size));
    const std::uint32_t width = ByteView(file).u32be(16);
    const std::uint32_t height = ByteView(file).u32be(20);
    if (width == 0 || height == 0 || std::uint64_t{width} * height > pixels_max) return 0;
    const Region all{0, 0, double(width), double(height)};
    const std::array plans{Plan{all, width, height}, Plan{all, 3, 2}};
    const auto pixels = read_plain_png(file, plans, Icc::keep, {});
    if (!pixels) std::abort();
    if (!*pixels) return 0;
    const Pixels& whole = (*pixels)->front();
    if (whole.samples.size() != std::size_t{width} * height * whole.channels) std::abort();
    const auto again = read_plain_png(file, plans, Icc::keep, {});
    if (!again || !*again || (*again)->back().samples != (*pixels)->back().samples) std::abort();
    return 0;
}
