#include "imaging/look/palette.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "image/look.h"
#include "imaging/look/oklab.h"
#include "imaging/resample/light.h"

namespace safelight {
namespace {

constexpr int rounds_max = 8;                // of k-means; more changes next to nothing
constexpr double share_min = 0.01;           // of the picture
constexpr double same_within = 0.06 * 0.06;  // squared distance in Oklab; a just noticeable one is 0.02

/// Some of the picture in one colour: a bin of the histogram, or a group of them.
struct Spot {
    Oklab colour;
    double weight = 0;
};

/// Of the pixels of one bin.
struct LightSum {
    std::uint64_t red = 0;
    std::uint64_t green = 0;
    std::uint64_t blue = 0;
    std::uint64_t weight = 0;
};

constexpr std::size_t bin_of(const std::uint8_t* pixel) {
    return static_cast<std::size_t>(pixel[0] >> 4) << 8 | static_cast<std::size_t>(pixel[1] >> 4) << 4 |
           static_cast<std::size_t>(pixel[2] >> 4);
}

std::vector<Spot> histogram(const Pixels& pixels) {
    const auto& light = light_of_srgb();
    std::array<std::uint16_t, std::size_t{16} * 16 * 16>
        places{};  // 1 + that of the bin in `sums`; 0: none yet
    std::vector<LightSum> sums;
    const std::size_t count = std::size_t{pixels.width_px} * pixels.height_px;
    const std::uint8_t* pixel = pixels.samples.data();
    for (std::size_t i = 0; i < count; ++i, pixel += pixels.channels) {
        const std::uint64_t weight = has_alpha(pixels.channels) ? pixel[3] : 255;
        if (weight == 0) continue;
        std::uint16_t& place = places[bin_of(pixel)];
        if (place == 0) {
            sums.emplace_back();
            place = static_cast<std::uint16_t>(sums.size());
        }
        LightSum& sum = sums[place - 1];
        sum.red += weight * static_cast<std::uint64_t>(light[pixel[0]]);
        sum.green += weight * static_cast<std::uint64_t>(light[pixel[1]]);
        sum.blue += weight * static_cast<std::uint64_t>(light[pixel[2]]);
        sum.weight += weight;
    }
    std::vector<Spot> spots;
    for (const LightSum& sum : sums) {
        const double one = static_cast<double>(sum.weight) * light_one;
        spots.push_back({to_oklab({static_cast<double>(sum.red) / one, static_cast<double>(sum.green) / one,
                                   static_cast<double>(sum.blue) / one}),
                         static_cast<double>(sum.weight)});
    }
    return spots;
}

/// Fewer than palette_max when there are no more different colours.
std::vector<Oklab> seeds_of(const std::vector<Spot>& spots) {
    std::vector<Oklab> seeds{std::ranges::max_element(spots, {}, &Spot::weight)->colour};
    std::vector<double> distances(spots.size(), 1e9);  // squared, to the nearest seed
    while (seeds.size() < palette_max) {
        std::size_t farthest = 0;
        double score_max = 0;
        for (std::size_t i = 0; i < spots.size(); ++i) {
            distances[i] = std::min(distances[i], distance_squared(spots[i].colour, seeds.back()));
            const double score = spots[i].weight * distances[i];
            if (score > score_max) {
                score_max = score;
                farthest = i;
            }
        }
        if (score_max == 0) break;
        seeds.push_back(spots[farthest].colour);
    }
    return seeds;
}

std::size_t nearest(const std::vector<Oklab>& centres, const Oklab& colour) {
    std::size_t best = 0;
    double least = distance_squared(centres[0], colour);
    for (std::size_t i = 1; i < centres.size(); ++i) {
        const double distance = distance_squared(centres[i], colour);
        if (distance < least) {
            least = distance;
            best = i;
        }
    }
    return best;
}

/// Weighted sums of the spots that are nearest to each centre.
std::vector<Spot> sums_by_centre(const std::vector<Spot>& spots, const std::vector<Oklab>& centres) {
    std::vector<Spot> sums(centres.size());
    for (const auto& [colour, weight] : spots) {
        Spot& sum = sums[nearest(centres, colour)];
        sum.colour.lightness += weight * colour.lightness;
        sum.colour.a += weight * colour.a;
        sum.colour.b += weight * colour.b;
        sum.weight += weight;
    }
    return sums;
}

std::vector<Spot> groups_of(const std::vector<Spot>& spots) {
    std::vector<Oklab> centres = seeds_of(spots);
    std::vector<Spot> groups;
    for (int round = 0; round < rounds_max; ++round) {
        groups = sums_by_centre(spots, centres);
        std::erase_if(groups, [](const Spot& group) { return group.weight == 0; });
        for (auto& [colour, weight] : groups)
            colour = {colour.lightness / weight, colour.a / weight, colour.b / weight};
        double moved = 0;
        for (std::size_t i = 0; i < groups.size() && groups.size() == centres.size(); ++i)
            moved = std::max(moved, distance_squared(groups[i].colour, centres[i]));
        const bool is_settled = moved < 1e-6 && groups.size() == centres.size();
        centres.clear();
        for (const Spot& group : groups) centres.push_back(group.colour);
        if (is_settled) break;
    }
    return groups;
}

Spot joined(const Spot& one, const Spot& other) {
    const double weight = one.weight + other.weight;
    const double share = other.weight / weight;
    const auto between = [share](double from, double to) { return from + (to - from) * share; };
    return {{between(one.colour.lightness, other.colour.lightness), between(one.colour.a, other.colour.a),
             between(one.colour.b, other.colour.b)},
            weight};
}

/// So that equal ones have an order too.
std::pair<double, double> rank(const Spot& spot) {
    return {spot.weight, spot.colour.lightness};
}

/// Heaviest first; each joins the first one that looks the same.
std::vector<Spot> distinct(std::vector<Spot> groups) {
    std::ranges::sort(groups, std::ranges::greater(), rank);
    std::vector<Spot> kept;
    for (const Spot& group : groups) {
        const auto same = std::ranges::find_if(kept, [&](const Spot& other) {
            return distance_squared(group.colour, other.colour) < same_within;
        });
        if (same == kept.end()) {
            kept.push_back(group);
        } else {
            *same = joined(*same, group);
        }
    }
    std::ranges::sort(kept, std::ranges::greater(), rank);
    return kept;
}

}  // namespace

std::vector<Colour> palette_of(const Pixels& pixels) {
    const std::vector<Spot> spots = histogram(pixels);
    if (spots.empty()) return {white};
    const std::vector<Spot> groups = distinct(groups_of(spots));
    double total = 0;
    for (const Spot& group : groups) total += group.weight;
    std::vector<Colour> colours;
    for (const Spot& group : groups) {
        if (group.weight >= share_min * total) colours.push_back(to_colour(group.colour));
    }
    return colours;
}

}  // namespace safelight
