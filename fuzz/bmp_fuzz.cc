// The pixels of a BMP: as many as its header says, or a refusal.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "imaging/bmp/bmp_reader.h"
#include "imaging/container/bmp_header.h"

namespace {

using namespace safelight;

constexpr std::uint64_t pixels_max = 300'000;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = std::as_bytes(std::span(data, size));
    const auto header = read_bmp_header(ByteView(bytes));
    if (!header || std::uint64_t{header->width_px} * header->height_px > pixels_max) return 0;
    const auto picture = read_bmp(bytes);
    if (!picture) return 0;
    const std::size_t samples = std::size_t{header->width_px} * header->height_px * picture->channels;
    if (picture->width_px != header->width_px || picture->samples.size() != samples) std::abort();
    return 0;
}
