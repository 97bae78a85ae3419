#include "image/colour.h"

#include <fmt/format.h>

#include "base/text.h"

namespace safelight {

std::string text_of(Colour colour) {
    return fmt::format("#{:02x}{:02x}{:02x}", colour.red, colour.green, colour.blue);
}

std::optional<Colour> colour_of(std::string_view text) {
    if (text.size() != 7 || !text.starts_with('#')) return std::nullopt;
    const auto bytes = hex_decode(to_lower_ascii(text.substr(1)));
    if (!bytes) return std::nullopt;
    return Colour{static_cast<std::uint8_t>((*bytes)[0]), static_cast<std::uint8_t>((*bytes)[1]),
                  static_cast<std::uint8_t>((*bytes)[2])};
}

}  // namespace safelight
