#include "imaging/look/thumbhash.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "imaging/look/cosines.h"

namespace safelight {
namespace {

/// Lightness, yellow against blue, red against green, alpha.
struct Planes {
    std::vector<double> l, p, q, a;
    bool has_alpha = false;
};

/// What is transparent shows the picture's mean colour.
Planes planes_of(const Pixels& pixels) {
    const std::size_t count = std::size_t{pixels.width_px} * pixels.height_px;
    double mean[3] = {};
    double opacity = 0;
    const auto alpha_of = [&](const std::uint8_t* pixel) {
        return has_alpha(pixels.channels) ? pixel[3] / 255.0 : 1.0;
    };
    const std::uint8_t* pixel = pixels.samples.data();
    for (std::size_t i = 0; i < count; ++i, pixel += pixels.channels) {
        const double alpha = alpha_of(pixel);
        for (int c = 0; c < 3; ++c) mean[c] += alpha / 255 * pixel[c];
        opacity += alpha;
    }
    if (opacity > 0) {
        for (double& channel : mean) channel /= opacity;
    }
    Planes planes{.l = std::vector<double>(count),
                  .p = std::vector<double>(count),
                  .q = std::vector<double>(count),
                  .a = std::vector<double>(count),
                  .has_alpha = opacity < static_cast<double>(count)};
    pixel = pixels.samples.data();
    for (std::size_t i = 0; i < count; ++i, pixel += pixels.channels) {
        const double alpha = alpha_of(pixel);
        const auto laid = [&](int c) { return mean[c] * (1 - alpha) + alpha / 255 * pixel[c]; };
        const double red = laid(0);
        const double green = laid(1);
        const double blue = laid(2);
        planes.l[i] = (red + green + blue) / 3;
        planes.p[i] = (red + green) / 2 - blue;
        planes.q[i] = red - green;
        planes.a[i] = alpha;
    }
    return planes;
}

/// The mean, the lowest frequencies as shares of the largest, and that largest.
struct Channel {
    double mean = 0;
    std::vector<double> waves;  // 0–1; 0.5 is none
    double scale = 0;
};

/// Takes the triangle of the lowest of across × down frequencies.
Channel channel_of(const std::vector<double>& plane, const Cosines& cosines, std::uint32_t across,
                   std::uint32_t down) {
    const auto all = cosines.frequencies_of(plane, across, down);
    const auto count = static_cast<double>(plane.size());
    Channel channel{.mean = all[0] / count, .waves = {}, .scale = 0};
    for (std::uint32_t y = 0; y < down; ++y) {
        for (std::uint32_t x = y == 0 ? 1 : 0; x * down < across * (down - y); ++x) {
            channel.waves.push_back(all[std::size_t{y} * across + x] / count);
            channel.scale = std::max(channel.scale, std::abs(channel.waves.back()));
        }
    }
    for (double& wave : channel.waves) wave = channel.scale > 0 ? 0.5 + 0.5 * wave / channel.scale : wave;
    return channel;
}

/// `share` of `steps`, rounded half up.
std::uint32_t step(double share, double steps) {
    return static_cast<std::uint32_t>(std::floor(std::clamp(share, 0.0, 1.0) * steps + 0.5));
}

void append_little_endian(std::vector<std::byte>& bytes, std::uint32_t value, int count) {
    for (int i = 0; i < count; ++i) bytes.push_back(static_cast<std::byte>(value >> (8 * i) & 0xff));
}

/// How many frequencies of lightness one side gets: the longer one `most`.
std::uint32_t lightness_waves(std::uint32_t side, std::uint32_t longest, std::uint32_t most) {
    const double share = static_cast<double>(side) / longest;
    return std::max(1U, static_cast<std::uint32_t>(std::floor(most * share + 0.5)));
}

}  // namespace

std::vector<std::byte> thumbhash_of(const Pixels& pixels) {
    const Planes planes = planes_of(pixels);
    const std::uint32_t longest = std::max(pixels.width_px, pixels.height_px);
    const std::uint32_t most = planes.has_alpha ? 5 : 7;
    const std::uint32_t across = lightness_waves(pixels.width_px, longest, most);
    const std::uint32_t down = lightness_waves(pixels.height_px, longest, most);
    const Cosines cosines(pixels.width_px, pixels.height_px, 0.5);
    const Channel l = channel_of(planes.l, cosines, std::max(3U, across), std::max(3U, down));
    const Channel p = channel_of(planes.p, cosines, 3, 3);
    const Channel q = channel_of(planes.q, cosines, 3, 3);
    const Channel a = planes.has_alpha ? channel_of(planes.a, cosines, 5, 5) : Channel{};

    const bool is_wide = pixels.width_px > pixels.height_px;
    std::vector<std::byte> hash;
    append_little_endian(hash,
                         step(l.mean, 63) | step(0.5 + 0.5 * p.mean, 63) << 6 |
                             step(0.5 + 0.5 * q.mean, 63) << 12 | step(l.scale, 31) << 18 |
                             (planes.has_alpha ? 1U << 23 : 0U),
                         3);
    append_little_endian(hash,
                         (is_wide ? down : across) | step(p.scale, 63) << 3 | step(q.scale, 63) << 9 |
                             (is_wide ? 1U << 15 : 0U),
                         2);
    if (planes.has_alpha) append_little_endian(hash, step(a.mean, 15) | step(a.scale, 15) << 4, 1);
    bool is_upper = false;
    for (const Channel* channel : {&l, &p, &q, &a}) {
        for (const double wave : channel->waves) {
            const auto nibble = static_cast<std::byte>(step(wave, 15));
            if (is_upper) {
                hash.back() |= nibble << 4;
            } else {
                hash.push_back(nibble);
            }
            is_upper = !is_upper;
        }
    }
    return hash;
}

}  // namespace safelight
