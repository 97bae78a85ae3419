#include "image/exif_facts.h"

#include <cmath>
#include <cstdint>

#include "base/text.h"

namespace safelight {
namespace {

/// The code point that begins at `at` of well-formed UTF-8, and its length.
struct Character {
    char32_t code = 0;
    std::size_t bytes = 1;
};

Character character_at(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) {
        return static_cast<char32_t>(static_cast<unsigned char>(text[i]));
    };
    const char32_t first = byte(at);
    if (first < 0x80) return {first, 1};
    const std::size_t count = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    char32_t code = first & (0xffU >> (count + 1));
    for (std::size_t i = 1; i < count; ++i) code = code << 6 | (byte(at + i) & 0x3f);
    return {code, count};
}

/// C0, DEL, C1; line and paragraph separators; what turns the direction of the text around it; and the mark
/// of byte order.
bool is_control(char32_t code) {
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x200e || code == 0x200f ||
           (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
}

bool is_sane(std::string_view text) {
    return text.size() <= exif_text_bytes_max && is_utf8(text) && without_control_characters(text) == text;
}

/// '0' stands for a digit.
bool has_shape(std::string_view text, std::string_view shape) {
    if (text.size() != shape.size()) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool is_digit = text[i] >= '0' && text[i] <= '9';
        if (shape[i] == '0' ? !is_digit : text[i] != shape[i]) return false;
    }
    return true;
}

unsigned two_digits(std::string_view text, std::size_t at) {
    return static_cast<unsigned>(text[at] - '0') * 10 + static_cast<unsigned>(text[at + 1] - '0');
}

bool is_moment(std::string_view text) {
    return has_shape(text, "0000-00-00T00:00:00") && two_digits(text, 5) >= 1 && two_digits(text, 5) <= 12 &&
           two_digits(text, 8) >= 1 && two_digits(text, 8) <= 31 && two_digits(text, 11) < 24 &&
           two_digits(text, 14) < 60 && two_digits(text, 17) <= 60;
}

bool is_zone(std::string_view text) {
    return (has_shape(text, "+00:00") || has_shape(text, "-00:00")) && two_digits(text, 1) <= 14 &&
           two_digits(text, 4) < 60;
}

}  // namespace

std::string without_control_characters(std::string_view text) {
    std::string clean;
    for (std::size_t at = 0; at < text.size();) {
        const Character character = character_at(text, at);
        if (!is_control(character.code)) clean += text.substr(at, character.bytes);
        at += character.bytes;
    }
    return clean;
}

bool is_time_taken(std::string_view text) {
    constexpr std::size_t moment_bytes = 19;
    return is_moment(text.substr(0, moment_bytes)) &&
           (text.size() == moment_bytes || is_zone(text.substr(moment_bytes)));
}

bool is_position(const GpsPosition& position) {
    // Also false for what is no number.
    return std::abs(position.latitude) <= 90 && std::abs(position.longitude) <= 180;
}

bool is_valid(const ExifFacts& facts) {
    return is_sane(facts.camera_make) && is_sane(facts.camera_model) && is_sane(facts.artist) &&
           is_sane(facts.copyright) && (facts.taken_at.empty() || is_time_taken(facts.taken_at)) &&
           (!facts.position || is_position(*facts.position));
}

}  // namespace safelight
