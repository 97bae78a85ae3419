// The words of both spellings of a transform.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "transform/transform.h"

namespace safelight {

template <class Value>
struct Named {
    Value value;
    std::string_view name;
};

inline constexpr auto fit_names = std::to_array<Named<Fit>>({
    {Fit::inside, "inside"},
    {Fit::outside, "outside"},
    {Fit::cover, "cover"},
    {Fit::contain, "contain"},
    {Fit::fill, "fill"},
});

inline constexpr auto gravity_names = std::to_array<Named<Gravity>>({
    {Gravity::centre, "centre"},
    {Gravity::north, "north"},
    {Gravity::north_east, "north-east"},
    {Gravity::east, "east"},
    {Gravity::south_east, "south-east"},
    {Gravity::south, "south"},
    {Gravity::south_west, "south-west"},
    {Gravity::west, "west"},
    {Gravity::north_west, "north-west"},
    {Gravity::focal, "focal"},
    {Gravity::attention, "attention"},
    {Gravity::entropy, "entropy"},
});

inline constexpr auto metadata_names = std::to_array<Named<Metadata>>({
    {Metadata::none, "none"},
    {Metadata::copyright, "copyright"},
    {Metadata::all_but_location, "all-but-location"},
});

inline constexpr auto icc_names = std::to_array<Named<Icc>>({
    {Icc::srgb, "srgb"},
    {Icc::keep, "keep"},
});

inline constexpr auto animation_names = std::to_array<Named<Animation>>({
    {Animation::keep, "keep"},
    {Animation::first_frame, "first-frame"},
});

inline constexpr auto flip_names = std::to_array<Named<Flip>>({
    {Flip::horizontal, "horizontal"},
    {Flip::vertical, "vertical"},
});

inline constexpr std::string_view automatic_format_name = "auto";

template <class Names, class Value>
[[nodiscard]] constexpr std::string_view name_in(const Names& names, Value value) {
    return std::ranges::find(names, value, [](const auto& named) { return named.value; })->name;
}

template <class Value, std::size_t Count>
[[nodiscard]] constexpr std::optional<Value> value_in(const std::array<Named<Value>, Count>& names,
                                                      std::string_view name) {
    const auto found = std::ranges::find(names, name, [](const auto& named) { return named.name; });
    return found == names.end() ? std::nullopt : std::optional(found->value);
}

/// "inside, outside, cover"
template <class Names>
[[nodiscard]] std::string choices(const Names& names) {
    std::string list;
    for (const auto& named : names) list += (list.empty() ? "" : ", ") + std::string(named.name);
    return list;
}

}  // namespace safelight
