#include "imaging/container/png_text.h"

namespace safelight {
namespace {

constexpr std::size_t profile_in_text_bytes_max = 256 * 1024;

std::optional<std::uint8_t> hex_digit(char c) {
    if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
    if (c >= 'A' && c <= 'F') return static_cast<std::uint8_t>(c - 'A' + 10);
    return std::nullopt;
}

/// iTXt after its keyword: compression flag, compression method, language tag, NUL, translated keyword, NUL,
/// text.
std::optional<PngText> international(std::string_view keyword, ByteView payload, std::size_t at) {
    std::size_t text = payload.text().find('\0', at + 2);
    text = text == std::string_view::npos ? text : payload.text().find('\0', text + 1);
    if (text == std::string_view::npos) return std::nullopt;
    return PngText{keyword, payload.from(text + 1), payload.u8(at) == 1, true};
}

}  // namespace

std::optional<PngText> png_text_of(const PngChunk& chunk) {
    const std::string_view all = chunk.payload.text();
    const std::string_view keyword = all.substr(0, all.substr(0, 80).find('\0'));
    const std::size_t value = keyword.size() + 1;
    if (chunk.is("tEXt")) return PngText{keyword, chunk.payload.from(value), false, false};
    if (chunk.is("zTXt")) return PngText{keyword, chunk.payload.from(value + 1), true, false};
    if (chunk.is("iTXt")) return international(keyword, chunk.payload, value);
    return std::nullopt;
}

std::vector<std::byte> bytes_of_raw_profile(std::string_view text) {
    std::size_t at = text.find_first_not_of('\n');
    at = text.find('\n', at == std::string_view::npos ? 0 : at);       // after its name
    at = at == std::string_view::npos ? at : text.find('\n', at + 1);  // after its length
    std::vector<std::byte> bytes;
    std::optional<std::uint8_t> high;
    for (; at < text.size() && bytes.size() < profile_in_text_bytes_max; ++at) {
        const auto digit = hex_digit(text[at]);
        if (!digit) continue;
        if (high) {
            bytes.push_back(static_cast<std::byte>(*high << 4 | *digit));
            high.reset();
        } else {
            high = digit;
        }
    }
    return bytes;
}

}  // namespace safelight
