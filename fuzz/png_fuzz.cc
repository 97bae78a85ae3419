// The pixels of a PNG: our reader and libvips' have to agree where both take it.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "imaging/container/byte_view.h"
#include "imaging/imaging.h"
#include "imaging/png/png_source.h"
#include "imaging/vips/vips_source.h"

using namespace safelight;

extern "C" int LLVMFuzzerInitialize(int*, char***) {
    if (!initialise_codecs()) std::abort();
    return 0;
}

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
    const auto facts = probe(file, {});
    if (!facts) return 0;  // its checksums do not hold, among others: such a file comes this far nowhere else
    const auto others = read_by_vips(file, *facts, plans, Icc::keep, {});
    if (!others) return 0;
    for (std::size_t i = 0; i < plans.size(); ++i) {
        if ((**pixels)[i].samples != (*others)[i].samples || (**pixels)[i].gamut != (*others)[i].gamut)
            std::abort();
    }
    return 0;
}
