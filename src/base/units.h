// Sizes and durations as people write them: "25 MB", "16 KiB", "1500 ms", "20 s".
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace safelight {

inline constexpr std::uint64_t KiB = 1024;
inline constexpr std::uint64_t MiB = 1024 * KiB;
inline constexpr std::uint64_t GiB = 1024 * MiB;

/// A whole number, optionally followed by B, kB, MB, GB (powers of 1000) or KiB, MiB, GiB (powers of 1024).
[[nodiscard]] std::optional<std::uint64_t> parse_bytes(std::string_view text);
/// The largest unit that divides it exactly: 26214400 → "25 MiB".
[[nodiscard]] std::string format_bytes(std::uint64_t bytes);

/// A whole number followed by ms, s, m (minutes), h or d.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
[[nodiscard]] std::string format_duration(std::chrono::milliseconds duration);

}  // namespace safelight
