#include "imaging/colour/icc_profile.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <optional>

#include "imaging/container/byte_view.h"

namespace safelight {
namespace {

using Tag = std::optional<ByteView>;

constexpr std::size_t header_bytes = 128;
constexpr std::uint32_t tags_max = 100;

Tag find_tag(ByteView profile, std::string_view name) {
    const std::uint32_t count = std::min(profile.u32be(header_bytes), tags_max);
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::size_t entry = header_bytes + 4 + std::size_t{i} * 12;
        if (profile.has_text(entry, name))
            return profile.part(profile.u32be(entry + 4), profile.u32be(entry + 8));
    }
    return std::nullopt;
}

double fixed(ByteView view, std::size_t at) {
    return static_cast<std::int32_t>(view.u32be(at)) / 65536.0;
}

constexpr Primaries srgb_primaries{
    {{0.4361, 0.2225, 0.0139}, {0.3851, 0.7169, 0.0971}, {0.1431, 0.0606, 0.7141}}};

/// Nothing for profiles that are not described by their primaries alone.
std::optional<Primaries> primaries_of(ByteView profile) {
    if (!profile.has_text(36, "acsp") || !profile.has_text(16, "RGB ") || !profile.has_text(20, "XYZ "))
        return std::nullopt;
    if (find_tag(profile, "A2B0")) return std::nullopt;
    Primaries primaries{};
    constexpr std::array<std::string_view, 3> names{"rXYZ", "gXYZ", "bXYZ"};
    for (std::size_t i = 0; i < names.size(); ++i) {
        const Tag tag = find_tag(profile, names[i]);
        if (!tag || !tag->has_text(0, "XYZ ") || !tag->holds(8, 12)) return std::nullopt;
        for (std::size_t k = 0; k < 3; ++k) primaries[i][k] = fixed(*tag, 8 + 4 * k);
    }
    return primaries;
}

bool are_near(const std::optional<Primaries>& found, const Primaries& expected) {
    if (!found) return false;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        for (std::size_t k = 0; k < 3; ++k) {
            if (std::abs((*found)[i][k] - expected[i][k]) > 0.002) return false;
        }
    }
    return true;
}

double srgb_light(double encoded) {
    return encoded <= 0.04045 ? encoded / 12.92 : std::pow((encoded + 0.055) / 1.055, 2.4);
}

/// The curve's value at `x`; nothing for kinds that sRGB profiles do not use.
std::optional<double> curve_at(ByteView curve, double x) {
    if (curve.has_text(0, "curv")) {
        const std::uint32_t count = curve.u32be(8);
        if (count < 2 || !curve.holds(12, std::size_t{count} * 2)) return std::nullopt;
        const double at = x * (count - 1.0);
        const auto low = static_cast<std::size_t>(at);
        const std::size_t high = std::min<std::size_t>(low + 1, count - 1);
        const double a = curve.u16be(12 + 2 * low) / 65535.0;
        const double b = curve.u16be(12 + 2 * high) / 65535.0;
        return a + (b - a) * (at - static_cast<double>(low));
    }
    if (curve.has_text(0, "para") && curve.u16be(8) == 3 && curve.holds(12, 20)) {
        const double gamma = fixed(curve, 12);
        const double scaled = fixed(curve, 16) * x + fixed(curve, 20);
        return x >= fixed(curve, 28) ? std::pow(std::max(scaled, 0.0), gamma) : fixed(curve, 24) * x;
    }
    return std::nullopt;
}

bool is_srgb_curve(const Tag& tag) {
    if (!tag) return false;
    for (int i = 0; i <= 255; i += 5) {
        const double x = i / 255.0;
        const auto value = curve_at(*tag, x);
        if (!value || std::abs(*value - srgb_light(x)) > 0.002) return false;
    }
    return true;
}

bool has_srgb_curves(ByteView profile) {
    return is_srgb_curve(find_tag(profile, "rTRC")) && is_srgb_curve(find_tag(profile, "gTRC")) &&
           is_srgb_curve(find_tag(profile, "bTRC"));
}

}  // namespace

bool is_srgb_profile(std::span<const std::byte> bytes) {
    const ByteView profile(bytes);
    return are_near(primaries_of(profile), srgb_primaries) && has_srgb_curves(profile);
}

bool is_display_p3_profile(std::span<const std::byte> bytes) {
    const ByteView profile(bytes);
    return are_near(primaries_of(profile), display_p3_primaries) && has_srgb_curves(profile);
}

bool has_wide_gamut(std::span<const std::byte> bytes) {
    // XYZ at D50 as light of sRGB: the inverse of srgb_primaries. What sRGB can show has no negative part.
    constexpr std::array<std::array<double, 3>, 3> light_of_xyz{{{3.1338561, -1.6168667, -0.4906146},
                                                                 {-0.9787684, 1.9161415, 0.0334540},
                                                                 {0.0719453, -0.2289914, 1.4052427}}};
    constexpr double tolerance = 0.015;
    const auto primaries = primaries_of(ByteView(bytes));
    if (!primaries) return false;
    for (const auto& xyz : *primaries) {
        for (const auto& row : light_of_xyz) {
            if (row[0] * xyz[0] + row[1] * xyz[1] + row[2] * xyz[2] < -tolerance) return true;
        }
    }
    return false;
}

bool is_perceptual_only(std::span<const std::byte> bytes) {
    const ByteView profile(bytes);
    return find_tag(profile, "A2B0") && !find_tag(profile, "A2B1") && !find_tag(profile, "rXYZ");
}

}  // namespace safelight
