#include "base/ids.h"

#include <algorithm>

#include "base/random.h"

namespace safelight {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::uint16_t sequence_max = 0x0fff;
constexpr std::uint16_t sequence_start_max = 0x03ff;  // leaves room to count up within one millisecond

std::optional<std::uint8_t> hex_value(char c) {
    if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
    if (c >= 'A' && c <= 'F') return static_cast<std::uint8_t>(c - 'A' + 10);
    return std::nullopt;
}

constexpr bool is_dash_position(std::size_t position) {
    return position == 8 || position == 13 || position == 18 || position == 23;
}

void put_milliseconds(Uuid& uuid, std::int64_t ms) {
    for (std::size_t i = 0; i < 6; ++i) {
        uuid.bytes[i] = static_cast<std::uint8_t>(ms >> (40 - 8 * i));
    }
}

}  // namespace

std::string Uuid::to_string() const {
    std::string text;
    text.reserve(36);
    for (const std::uint8_t byte : bytes) {
        if (is_dash_position(text.size())) text.push_back('-');
        text.push_back(hex_digits[byte >> 4]);
        text.push_back(hex_digits[byte & 0x0f]);
    }
    return text;
}

std::optional<Uuid> Uuid::parse(std::string_view text) {
    if (text.size() != 36) return std::nullopt;
    Uuid uuid;
    std::size_t nibble = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (is_dash_position(i)) {
            if (text[i] != '-') return std::nullopt;
            continue;
        }
        const auto value = hex_value(text[i]);
        if (!value) return std::nullopt;
        uuid.bytes[nibble / 2] = static_cast<std::uint8_t>((uuid.bytes[nibble / 2] << 4) | *value);
        ++nibble;
    }
    return uuid;
}

Uuid Uuid::lowest_at(Timestamp time) {
    Uuid uuid;
    put_milliseconds(uuid, std::max<std::int64_t>(0, time.time_since_epoch().count()));
    uuid.bytes[6] = 0x70;
    uuid.bytes[8] = 0x80;
    return uuid;
}

Uuid IdGenerator::next_uuid() {
    Uuid uuid;
    fill_random(uuid.bytes);
    std::uint16_t sequence = 0;
    std::int64_t ms = 0;
    {
        const std::lock_guard lock(mutex_);
        const std::int64_t now_ms = clock_.now().time_since_epoch().count();
        if (now_ms > last_ms_) {
            last_ms_ = now_ms;
            sequence_ =
                static_cast<std::uint16_t>(((uuid.bytes[6] << 8) | uuid.bytes[7]) & sequence_start_max);
        } else if (++sequence_ > sequence_max) {
            ++last_ms_;
            sequence_ = 0;
        }
        ms = last_ms_;
        sequence = sequence_;
    }
    put_milliseconds(uuid, ms);
    uuid.bytes[6] = static_cast<std::uint8_t>(0x70 | (sequence >> 8));
    uuid.bytes[7] = static_cast<std::uint8_t>(sequence & 0xff);
    uuid.bytes[8] = static_cast<std::uint8_t>(0x80 | (uuid.bytes[8] & 0x3f));
    return uuid;
}

}  // namespace safelight
