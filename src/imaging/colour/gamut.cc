#include "imaging/colour/gamut.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <vector>

#include "imaging/colour/icc_profile.h"
#include "imaging/container/byte_writer.h"
#include "imaging/resample/light.h"

namespace safelight {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t header_bytes = 128;

void append_fixed(ByteBuffer& out, double value) {
    append_big(out, static_cast<std::uint32_t>(static_cast<std::int32_t>(std::lround(value * 65536))), 4);
}

ByteBuffer text_tag(std::string_view ascii) {
    ByteBuffer tag;
    append(tag, "mluc\0\0\0\0"sv);
    append_big(tag, 1, 4);   // one language
    append_big(tag, 12, 4);  // bytes of its record
    append(tag, "enUS"sv);
    append_big(tag, ascii.size() * 2, 4);
    append_big(tag, 28, 4);  // where it begins
    for (const char c : ascii) append_big(tag, static_cast<unsigned char>(c), 2);
    return tag;
}

ByteBuffer colour_tag(const std::array<double, 3>& xyz) {
    ByteBuffer tag;
    append(tag, "XYZ \0\0\0\0"sv);
    for (const double value : xyz) append_fixed(tag, value);
    return tag;
}

/// IEC 61966-2-1: ((x + 0.055) / 1.055)^2.4 from 0.04045 on, x / 12.92 below.
ByteBuffer curve_tag() {
    ByteBuffer tag;
    append(tag, "para\0\0\0\0\0\3\0\0"sv);
    for (const double value : {2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045}) append_fixed(tag, value);
    return tag;
}

/// From D65 to D50, by Bradford's method (ICC.1:2022, annex E).
ByteBuffer adaptation_tag() {
    ByteBuffer tag;
    append(tag, "sf32\0\0\0\0"sv);
    for (const double value : {1.0478860, 0.0229187, -0.0502160, 0.0295819, 0.9904841, -0.0170788, -0.0092518,
                               0.0150726, 0.7516784})
        append_fixed(tag, value);
    return tag;
}

struct Tag {
    std::string_view name;
    std::size_t content;
};

void append_header(ByteBuffer& out) {
    append_big(out, 0, 4);  // the size, which is set when it is known
    append_big(out, 0, 4);
    append(out, "\4\x40\0\0mntrRGB XYZ "sv);
    for (const unsigned part : {2026U, 1U, 1U, 0U, 0U, 0U}) append_big(out, part, 2);
    append(out, "acsp"sv);
    out.resize(68);
    for (const double value : {0.9642, 1.0, 0.8249}) append_fixed(out, value);
    out.resize(header_bytes);
}

ByteBuffer make_profile() {
    const std::array contents{text_tag("Display P3"),
                              text_tag("CC0"),
                              colour_tag({0.9642, 1.0, 0.8249}),
                              adaptation_tag(),
                              colour_tag(display_p3_primaries[0]),
                              colour_tag(display_p3_primaries[1]),
                              colour_tag(display_p3_primaries[2]),
                              curve_tag()};
    constexpr std::array tags{Tag{"desc", 0}, Tag{"cprt", 1}, Tag{"wtpt", 2}, Tag{"chad", 3}, Tag{"rXYZ", 4},
                              Tag{"gXYZ", 5}, Tag{"bXYZ", 6}, Tag{"rTRC", 7}, Tag{"gTRC", 7}, Tag{"bTRC", 7}};
    ByteBuffer values;
    std::array<std::size_t, contents.size()> offsets{};
    const std::size_t values_at = header_bytes + 4 + tags.size() * 12;
    for (std::size_t i = 0; i < contents.size(); ++i) {
        offsets[i] = values_at + values.size();
        append(values, contents[i]);
        values.resize((values.size() + 3) / 4 * 4);
    }
    ByteBuffer profile;
    append_header(profile);
    append_big(profile, tags.size(), 4);
    for (const Tag& tag : tags) {
        append(profile, tag.name);
        append_big(profile, offsets[tag.content], 4);
        append_big(profile, contents[tag.content].size(), 4);
    }
    append(profile, values);
    put_big(profile, 0, profile.size(), 4);
    return profile;
}

}  // namespace

std::span<const std::byte> display_p3_profile() {
    static const ByteBuffer profile = make_profile();
    return profile;
}

std::optional<Gamut> plain_gamut(std::span<const std::byte> profile, bool is_grey, Icc icc) {
    if (profile.empty() || is_srgb_profile(profile)) return Gamut::srgb;
    const bool may_stay = icc == Icc::keep && !is_grey;
    return may_stay && is_display_p3_profile(profile) ? std::optional(Gamut::display_p3) : std::nullopt;
}

Colour in_gamut(Colour srgb, Gamut gamut) {
    if (gamut == Gamut::srgb) return srgb;
    // Light of sRGB as light of Display P3: both are triangles around D65, so the rows sum to 1. From the
    // chromaticities of IEC 61966-2-1 and SMPTE EG 432-1.
    constexpr std::array<std::array<double, 3>, 3> matrix{
        {{0.822462, 0.177538, 0}, {0.033194, 0.966806, 0}, {0.017083, 0.072397, 0.910520}}};
    const auto& light = light_of_srgb();
    const std::array<double, 3> in{static_cast<double>(light[srgb.red]),
                                   static_cast<double>(light[srgb.green]),
                                   static_cast<double>(light[srgb.blue])};
    std::array<std::uint8_t, 3> out{};
    for (std::size_t i = 0; i < out.size(); ++i) {
        const double sum = matrix[i][0] * in[0] + matrix[i][1] * in[1] + matrix[i][2] * in[2];
        out[i] = srgb_of_light()[static_cast<std::size_t>(std::clamp<long>(std::lround(sum), 0, light_one))];
    }
    return {out[0], out[1], out[2]};
}

Pixels in_gamut(Pixels srgb, Gamut gamut) {
    if (gamut == Gamut::srgb) return srgb;
    srgb.gamut = gamut;
    if (srgb.channels < 3) return srgb;
    for (std::size_t i = 0; i < srgb.samples.size(); i += srgb.channels) {
        std::uint8_t* sample = &srgb.samples[i];
        const Colour colour = in_gamut(Colour{sample[0], sample[1], sample[2]}, gamut);
        std::ranges::copy(std::array{colour.red, colour.green, colour.blue}, sample);
    }
    return srgb;
}

}  // namespace safelight
