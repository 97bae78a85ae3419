#include "service/filename.h"

#include <array>
#include <cstdint>
#include <utility>

#include "base/text.h"

namespace safelight {
namespace {

std::string_view extension_of(Format format) {
    return format == Format::jpeg ? "jpg" : name_of(format);
}

struct Character {
    char32_t code = 0;
    std::size_t length = 0;
};

/// The character at the front of well-formed, non-empty UTF-8.
Character first_character(std::string_view text) {
    const auto first = static_cast<std::uint8_t>(text[0]);
    const std::size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    constexpr std::array<std::uint8_t, 5> masks{0, 0x7f, 0x1f, 0x0f, 0x07};
    char32_t code = first & masks[length];
    for (std::size_t i = 1; i < length; ++i) code = (code << 6) | (static_cast<std::uint8_t>(text[i]) & 0x3f);
    return {code, length};
}

/// Control characters, separators of lines, and those that turn the direction of text ("gpj.exe" shown as a
/// JPEG).
bool is_harmful(char32_t code) {
    constexpr std::array<std::pair<char32_t, char32_t>, 4> ranges{
        {{0x00, 0x1f}, {0x7f, 0x9f}, {0x2028, 0x202e}, {0x2066, 0x2069}}};
    for (const auto& [low, high] : ranges) {
        if (code >= low && code <= high) return true;
    }
    return false;
}

std::string_view cut_between_characters(std::string_view text, std::size_t bytes_max) {
    if (text.size() <= bytes_max) return text;
    std::size_t end = bytes_max;
    while (end > 0 && (static_cast<std::uint8_t>(text[end]) & 0xc0) == 0x80) --end;
    return text.substr(0, end);
}

}  // namespace

std::string clean_filename(std::string_view said, Format format) {
    if (const auto slash = said.find_last_of("/\\"); slash != std::string_view::npos)
        said.remove_prefix(slash + 1);
    // A replaced byte grows to three; more than this is never kept.
    const std::string valid = to_valid_utf8(said.substr(0, 4 * filename_bytes_max));
    std::string kept;
    for (std::string_view rest = valid; !rest.empty();) {
        const Character character = first_character(rest);
        if (!is_harmful(character.code)) kept += rest.substr(0, character.length);
        rest.remove_prefix(character.length);
    }
    const std::string_view name = trim(cut_between_characters(trim(kept), filename_bytes_max));
    if (name.find_first_not_of('.') == std::string_view::npos) {
        return "upload." + std::string(extension_of(format));
    }
    return std::string(name);
}

std::string variant_filename(std::string_view original, std::string_view variant,
                             std::optional<Format> format) {
    const auto dot = original.rfind('.');
    const std::string_view stem =
        dot == std::string_view::npos || dot == 0 ? original : original.substr(0, dot);
    std::string suffix = "-" + std::string(variant);
    if (format) suffix += "." + std::string(extension_of(*format));
    return std::string(cut_between_characters(stem, filename_bytes_max - suffix.size())) + suffix;
}

}  // namespace safelight
