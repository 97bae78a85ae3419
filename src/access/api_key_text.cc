#include "access/api_key_text.h"

#include <algorithm>
#include <array>
#include <boost/crc.hpp>
#include <cstdint>
#include <span>

#include "base/random.h"

namespace safelight {
namespace {

constexpr std::string_view prefix = "sl_live_";
constexpr std::string_view alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::size_t secret_digits = 40;
constexpr std::size_t checksum_digits = 6;

/// Uniform: what would make the first digits more likely is thrown away.
std::string random_digits(std::size_t count) {
    constexpr std::size_t usable = 256 / alphabet.size() * alphabet.size();
    std::string digits;
    std::array<std::uint8_t, 64> bytes{};
    while (digits.size() < count) {
        fill_random(bytes);
        for (const std::uint8_t byte : bytes) {
            if (byte < usable && digits.size() < count) digits += alphabet[byte % alphabet.size()];
        }
    }
    return digits;
}

std::string checksum_of(std::string_view secret) {
    boost::crc_32_type crc;
    crc.process_bytes(secret.data(), secret.size());
    std::string digits(checksum_digits, '0');
    std::uint32_t rest = crc.checksum();
    for (std::size_t i = checksum_digits; i-- > 0; rest /= alphabet.size())
        digits[i] = alphabet[rest % alphabet.size()];
    return digits;
}

Sha256 hash_of(std::string_view text) {
    return sha256_of(std::as_bytes(std::span(text)));
}

}  // namespace

NewApiKeyText make_api_key_text() {
    const std::string secret = random_digits(secret_digits);
    NewApiKeyText key;
    key.text = std::string(prefix) + secret + checksum_of(secret);
    key.hash = hash_of(key.text);
    return key;
}

bool looks_like_api_key(std::string_view text) {
    return text.starts_with(prefix);
}

std::optional<Sha256> hash_of_api_key(std::string_view text) {
    if (!looks_like_api_key(text)) return std::nullopt;
    if (text.size() != prefix.size() + secret_digits + checksum_digits) return std::nullopt;
    const std::string_view secret = text.substr(prefix.size(), secret_digits);
    if (text.substr(prefix.size() + secret_digits) != checksum_of(secret)) return std::nullopt;
    return hash_of(text);
}

}  // namespace safelight
