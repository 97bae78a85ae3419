// The pixels of a JPEG: our decoder of its Huffman codes and libjpeg's have to agree.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <span>
#include <vector>

#include "imaging/jpeg/libjpeg.h"

namespace {

using namespace safelight;

constexpr std::uint64_t pixels_max = 300'000;

std::optional<std::vector<std::uint8_t>> decoded_by(EntropyDecoder entropy, std::span<const std::byte> file) {
    const StopCheck never;
    JpegReader reader(file, never);
    const auto info = reader.read_header();
    if (!info || info->channels == 0) return std::nullopt;
    if (std::uint64_t{info->width_px} * info->height_px > pixels_max) return std::nullopt;
    if (!reader.start(1, true, entropy)) return std::nullopt;
    const std::size_t row_bytes = std::size_t{reader.rows_width_px()} * info->channels;
    std::vector<std::uint8_t> samples(row_bytes * reader.rows_height_px());
    for (std::size_t at = 0; at < samples.size();) {
        const auto count = reader.read_rows(std::span(samples).subspan(at));
        if (!count || *count == 0) return std::nullopt;
        at += *count * row_bytes;
    }
    if (!reader.finish()) return std::nullopt;
    return samples;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto file = std::as_bytes(std::span(data, size));
    if (decoded_by(EntropyDecoder::fastest, file) != decoded_by(EntropyDecoder::libjpeg, file)) std::abort();
    return 0;
}
