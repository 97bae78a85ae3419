#include "base/text.h"

#include <array>
#include <cstdint>

namespace safelight {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::string_view base64_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view base64url_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string encode64(std::span<const std::byte> bytes, std::string_view alphabet, bool pad) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
        std::uint32_t group = 0;
        for (std::size_t j = 0; j < 3; ++j) {
            group = (group << 8) | (j < count ? std::to_integer<std::uint32_t>(bytes[i + j]) : 0);
        }
        for (std::size_t j = 0; j < 4; ++j) {
            if (j <= count) {
                text.push_back(alphabet[(group >> (18 - 6 * j)) & 0x3f]);
            } else if (pad) {
                text.push_back('=');
            }
        }
    }
    return text;
}

std::optional<std::vector<std::byte>> decode64(std::string_view text, std::string_view alphabet,
                                               bool padded) {
    if (padded) {
        if (text.size() % 4 != 0) return std::nullopt;
        for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
    }
    if (text.size() % 4 == 1) return std::nullopt;
    std::vector<std::byte> bytes;
    bytes.reserve(text.size() * 3 / 4);
    std::uint32_t group = 0;
    int bits = 0;
    for (const char c : text) {
        const auto value = alphabet.find(c);
        if (value == std::string_view::npos) return std::nullopt;
        group = (group << 6) | static_cast<std::uint32_t>(value);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            bytes.push_back(static_cast<std::byte>((group >> bits) & 0xff));
        }
    }
    if ((group & ((1U << bits) - 1)) != 0) return std::nullopt;
    return bytes;
}

/// The length of the well-formed sequence at the front of `text`, or 0.
std::size_t utf8_sequence_length(std::string_view text) {
    const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const std::uint8_t first = at(0);
    if (first < 0x80) return 1;
    std::size_t length = 0;
    std::uint8_t second_min = 0x80;
    std::uint8_t second_max = 0xbf;
    if (first >= 0xc2 && first <= 0xdf) {
        length = 2;
    } else if (first >= 0xe0 && first <= 0xef) {
        length = 3;
        if (first == 0xe0) second_min = 0xa0;
        if (first == 0xed) second_max = 0x9f;
    } else if (first >= 0xf0 && first <= 0xf4) {
        length = 4;
        if (first == 0xf0) second_min = 0x90;
        if (first == 0xf4) second_max = 0x8f;
    } else {
        return 0;
    }
    if (text.size() < length || at(1) < second_min || at(1) > second_max) return 0;
    for (std::size_t i = 2; i < length; ++i) {
        if (at(i) < 0x80 || at(i) > 0xbf) return 0;
    }
    return length;
}

}  // namespace

std::string hex_encode(std::span<const std::byte> bytes) {
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const std::byte byte : bytes) {
        text.push_back(hex_digits[std::to_integer<std::size_t>(byte >> 4)]);
        text.push_back(hex_digits[std::to_integer<std::size_t>(byte & std::byte{0x0f})]);
    }
    return text;
}

std::optional<std::vector<std::byte>> hex_decode(std::string_view text) {
    if (text.size() % 2 != 0) return std::nullopt;
    std::vector<std::byte> bytes;
    bytes.reserve(text.size() / 2);
    const std::string lower = to_lower_ascii(text);
    for (std::size_t i = 0; i < lower.size(); i += 2) {
        const auto high = hex_digits.find(lower[i]);
        const auto low = hex_digits.find(lower[i + 1]);
        if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
        bytes.push_back(static_cast<std::byte>((high << 4) | low));
    }
    return bytes;
}

std::string base64_encode(std::span<const std::byte> bytes) {
    return encode64(bytes, base64_alphabet, true);
}
std::optional<std::vector<std::byte>> base64_decode(std::string_view text) {
    return decode64(text, base64_alphabet, true);
}
std::string base64url_encode(std::span<const std::byte> bytes) {
    return encode64(bytes, base64url_alphabet, false);
}
std::optional<std::vector<std::byte>> base64url_decode(std::string_view text) {
    return decode64(text, base64url_alphabet, false);
}

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const std::size_t length = utf8_sequence_length(text);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

std::string to_valid_utf8(std::string_view text) {
    std::string valid;
    valid.reserve(text.size());
    while (!text.empty()) {
        const std::size_t length = utf8_sequence_length(text);
        if (length == 0) {
            valid += "\xef\xbf\xbd";
            text.remove_prefix(1);
        } else {
            valid += text.substr(0, length);
            text.remove_prefix(length);
        }
    }
    return valid;
}

std::string to_lower_ascii(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return lower;
}

std::string_view trim(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

}  // namespace safelight
