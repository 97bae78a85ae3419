// The fields and encodings of semantics.h that are about text: escapes, queries, names, digests, preferences.
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include "base/text.h"
#include "http/framing.h"
#include "http/semantics.h"

namespace safelight::http {
namespace {

constexpr std::size_t filename_bytes_max = 255;

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool is_unreserved(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

std::optional<std::string> decode_query_text(std::string_view text) {
    std::string plain(text);
    std::ranges::replace(plain, '+', ' ');
    auto decoded = percent_decode(plain);
    if (!decoded || decoded->contains('\0')) return std::nullopt;
    return decoded;
}

/// Cuts before `bytes_max` without splitting a character of well-formed UTF-8.
std::string_view cut_utf8(std::string_view text, std::size_t bytes_max) {
    if (text.size() <= bytes_max) return text;
    while (bytes_max > 0 && (static_cast<unsigned char>(text[bytes_max]) & 0xc0) == 0x80) --bytes_max;
    return text.substr(0, bytes_max);
}

/// The characters that turn the reading direction make "gpj.exe" look like "exe.jpg".
void replace_direction_marks(std::string& text) {
    const auto is_mark = [](std::string_view three) {
        const auto last = static_cast<unsigned char>(three[2]);
        return (three.starts_with("\xe2\x80") && last >= 0xaa && last <= 0xae) ||
               (three.starts_with("\xe2\x81") && last >= 0xa6 && last <= 0xa9);
    };
    for (std::size_t i = 0; i + 3 <= text.size(); ++i) {
        if (is_mark(std::string_view(text).substr(i, 3))) text.replace(i, 3, "_");
    }
}

std::string harmless_name(std::string_view filename) {
    std::string name(cut_utf8(to_valid_utf8(filename), filename_bytes_max));
    replace_direction_marks(name);
    for (char& c : name) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f || c == '"' || c == '/' || c == '\\') c = '_';
    }
    return name;
}

/// A dictionary's key, RFC 8941 section 3.1.2.
bool is_dictionary_key(std::string_view key) {
    const auto begins = [](char c) { return (c >= 'a' && c <= 'z') || c == '*'; };
    return !key.empty() && begins(key.front()) && std::ranges::all_of(key, [&](char c) {
        return begins(c) || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
    });
}

/// Behind the member's key: "=:base64:". RFC 9530 knows no parameters.
std::optional<std::vector<std::byte>> byte_sequence(std::string_view text) {
    if (text.size() < 3 || !text.starts_with("=:") || !text.ends_with(':')) return std::nullopt;
    return base64_decode(text.substr(2, text.size() - 3));
}

}  // namespace

std::optional<std::string> percent_decode(std::string_view text) {
    std::string plain;
    plain.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            plain.push_back(text[i]);
            continue;
        }
        if (i + 2 >= text.size()) return std::nullopt;
        const int high = hex_value(text[i + 1]);
        const int low = hex_value(text[i + 2]);
        if (high < 0 || low < 0) return std::nullopt;
        plain.push_back(static_cast<char>(high << 4 | low));
        i += 2;
    }
    return plain;
}

std::string percent_encode(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string encoded;
    encoded.reserve(text.size());
    for (const char c : text) {
        if (is_unreserved(c)) {
            encoded.push_back(c);
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        encoded += {'%', digits[byte >> 4], digits[byte & 0x0f]};
    }
    return encoded;
}

Result<Query> parse_query(std::string_view text) {
    Query query;
    while (!text.empty()) {
        const auto ampersand = text.find('&');
        const std::string_view pair = text.substr(0, ampersand);
        text = ampersand == std::string_view::npos ? std::string_view{} : text.substr(ampersand + 1);
        if (pair.empty()) continue;
        const auto equals = pair.find('=');
        auto name = decode_query_text(pair.substr(0, equals));
        auto value = equals == std::string_view::npos ? std::optional<std::string>("")
                                                      : decode_query_text(pair.substr(equals + 1));
        if (!name || !value) return failure(ErrorCode::invalid_argument, "The query has a malformed escape.");
        query.emplace_back(std::move(*name), std::move(*value));
    }
    return query;
}

std::string content_disposition(std::string_view disposition, std::string_view filename) {
    const std::string name = harmless_name(filename);
    std::string field(disposition);
    if (name.empty()) return field;
    std::string fallback;
    for (const char c : name) {
        const auto byte = static_cast<unsigned char>(c);
        const bool continues = (byte & 0xc0) == 0x80;
        if (!continues) fallback.push_back(byte >= 0x80 || c == '%' ? '_' : c);
    }
    field += "; filename=\"" + fallback + "\"";
    if (fallback != name) field += "; filename*=UTF-8''" + percent_encode(name);
    return field;
}

Result<std::optional<std::string>> sha256_of_content_digest(std::string_view field) {
    const auto malformed = [] {
        return failure(ErrorCode::invalid_argument, "Content-Digest is malformed.");
    };
    std::optional<std::string> sha256;
    if (trim(field).empty()) return malformed();
    for (bool more = true; more;) {
        more = field.contains(',');
        const std::string_view member = take_list_element(field);
        const auto equals = member.find('=');
        if (equals == std::string_view::npos || !is_dictionary_key(member.substr(0, equals)))
            return malformed();
        const auto bytes = byte_sequence(member.substr(equals));
        if (!bytes) return malformed();
        if (member.substr(0, equals) != "sha-256") continue;
        if (bytes->size() != 32) return malformed();
        sha256 = std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size());
    }
    return sha256;
}

std::optional<std::uint32_t> wait_preference_s(std::string_view prefer) {
    while (!prefer.empty()) {
        std::string_view preference = take_list_element(prefer);
        preference = trim(preference.substr(0, preference.find(';')));
        const auto equals = preference.find('=');
        if (equals == std::string_view::npos || !same_name(trim(preference.substr(0, equals)), "wait"))
            continue;
        std::string_view value = trim(preference.substr(equals + 1));
        if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
            value = value.substr(1, value.size() - 2);
        std::uint32_t seconds = 0;
        const auto parsed = std::from_chars(value.data(), value.data() + value.size(), seconds);
        if (parsed.ec != std::errc{} || parsed.ptr != value.data() + value.size()) return std::nullopt;
        return seconds;
    }
    return std::nullopt;
}

}  // namespace safelight::http
