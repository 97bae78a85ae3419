// Numbers and bytes, one behind the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace safelight {

using ByteBuffer = std::vector<std::byte>;

inline void append(ByteBuffer& out, std::span<const std::byte> bytes) {
    out.insert(out.end(), bytes.begin(), bytes.end());
}
inline void append(ByteBuffer& out, std::string_view text) {
    append(out, std::as_bytes(std::span(text)));
}

inline void append_little(ByteBuffer& out, std::uint64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; ++i) out.push_back(static_cast<std::byte>(value >> 8 * i & 0xff));
}
inline void append_big(ByteBuffer& out, std::uint64_t value, unsigned bytes) {
    for (unsigned i = bytes; i > 0; --i) out.push_back(static_cast<std::byte>(value >> 8 * (i - 1) & 0xff));
}

/// Over what is there; `at` + `bytes` lies inside.
inline void put_little(ByteBuffer& out, std::size_t at, std::uint64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; ++i) out[at + i] = static_cast<std::byte>(value >> 8 * i & 0xff);
}
inline void put_big(ByteBuffer& out, std::size_t at, std::uint64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; ++i)
        out[at + i] = static_cast<std::byte>(value >> 8 * (bytes - 1 - i) & 0xff);
}

}  // namespace safelight
