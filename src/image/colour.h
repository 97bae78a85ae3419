#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace safelight {

/// Opaque, in sRGB.
struct Colour {
    std::uint8_t red = 0;
    std::uint8_t green = 0;
    std::uint8_t blue = 0;

    bool operator==(const Colour&) const = default;
};

inline constexpr Colour white{255, 255, 255};

/// "#rrggbb", in lower case.
[[nodiscard]] std::string text_of(Colour colour);

/// From "#rrggbb" in either case.
[[nodiscard]] std::optional<Colour> colour_of(std::string_view text);

}  // namespace safelight
