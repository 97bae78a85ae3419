// The pixels of a JPEG: our decoder of its Huffman codes and libjpeg's have to agree. But for codes that do
// not exist: libjpeg takes them for zeros where it is in a hurry, and for damage elsewhere.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

#include "imaging/jpeg/libjpeg.h"

namespace {

using namespace safelight;

constexpr std::uint64_t pixels_max = 300'000;

struct Outcome {
    std::vector<std::uint8_t> samples;  // empty: refused
    bool has_bad_code = false;
};

Outcome refused(const Error& error) {
    return {{}, error.log_text.find("bad Huffman code") != std::string::npos};
}

Outcome decoded_by(EntropyDecoder entropy, std::span<const std::byte> file) {
    const StopCheck never;
    JpegReader reader(file, never);
    const auto info = reader.read_header();
    if (!info || info->channels == 0) return {};
    if (std::uint64_t{info->width_px} * info->height_px > pixels_max) return {};
    if (const auto started = reader.start(1, true, entropy); !started) return refused(started.error());
    const std::size_t row_bytes = std::size_t{reader.rows_width_px()} * info->channels;
    std::vector<std::uint8_t> samples(row_bytes * reader.rows_height_px());
    for (std::size_t at = 0; at < samples.size();) {
        const auto count = reader.read_rows(std::span(samples).subspan(at));
        if (!count) return refused(count.error());
        if (*count == 0) return {};
        at += *count * row_bytes;
    }
    if (const auto finished = reader.finish(); !finished) return refused(finished.error());
    return {std::move(samples)};
}

bool has_repeated_ff(std::span<const std::byte> file) {
    constexpr std::array repeated{std::byte{0xff}, std::byte{0xff}};
    return !std::ranges::search(file, repeated).empty();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto file = std::as_bytes(std::span(data, size));
    const Outcome ours = decoded_by(EntropyDecoder::fastest, file);
    if (ours.has_bad_code || has_repeated_ff(file)) return 0;
    if (ours.samples != decoded_by(EntropyDecoder::libjpeg, file).samples) std::abort();
    return 0;
}
