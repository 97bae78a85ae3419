#include "imaging/decode.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "imaging/derive.h"
#include "imaging/jpeg/jpeg_source.h"
#include "imaging/png/png_source.h"
#include "imaging/resample/resampler.h"
#include "imaging/vips/vips_source.h"

namespace safelight {
namespace {

Result<std::vector<Pixels>> read(std::span<const std::byte> bytes, const ImageFacts& facts,
                                 std::span<const Plan> plans, Icc icc, const StopCheck& stop) {
    if (facts.format == Format::png) {
        TRY_ASSIGN(auto made, read_plain_png(bytes, plans, icc, stop));
        if (made) return *std::move(made);
    }
    if (facts.format != Format::jpeg) return read_by_vips(bytes, facts, plans, icc, stop);
    const auto gamut = plain_gamut(bytes, facts, icc);
    if (!gamut) return read_by_vips(bytes, facts, plans, icc, stop);
    TRY_ASSIGN(std::vector<Pixels> made, read_jpeg(bytes, plans, stop));
    for (Pixels& pixels : made) pixels.gamut = *gamut;
    return made;
}

std::vector<std::size_t> parents_first(std::span<const Derivation> derivations) {
    std::vector<std::size_t> order(derivations.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, {}, [&](std::size_t i) { return std::pair(derivations[i].generation, i); });
    return order;
}

/// `make` gives the pixels of those plans that are not derived from others and want their colours the same
/// way.
template <class Make>
Result<std::vector<Pixels>> derived(std::span<const Plan> plans, const StopCheck& stop, const Make& make) {
    const std::vector<Derivation> derivations = derive(plans);
    std::vector<Pixels> results(plans.size());
    for (const Icc icc : {Icc::srgb, Icc::keep}) {
        std::vector<Plan> wanted;
        std::vector<std::size_t> places;
        for (std::size_t i = 0; i < plans.size(); ++i) {
            if (derivations[i].parent || derivations[i].plan.icc != icc) continue;
            wanted.push_back(derivations[i].plan);
            places.push_back(i);
        }
        if (wanted.empty()) continue;
        TRY_ASSIGN(std::vector<Pixels> made, make(wanted, icc));
        for (std::size_t i = 0; i < places.size(); ++i) results[places[i]] = std::move(made[i]);
    }
    for (const std::size_t i : parents_first(derivations)) {
        if (!derivations[i].parent) continue;
        if (stop && stop()) return failure(ErrorCode::cancelled, "The work was called off.");
        results[i] = resample(results[*derivations[i].parent], derivations[i].plan);
    }
    return results;
}

/// Where there is nothing to keep, one decode suffices.
std::vector<Plan> without_needless_icc(std::span<const Plan> plans, std::span<const std::byte> bytes,
                                       const ImageFacts& facts) {
    std::vector<Plan> simple(plans.begin(), plans.end());
    const bool has_nothing_to_keep =
        facts.format == Format::jpeg && plain_gamut(bytes, facts, Icc::keep) == Gamut::srgb;
    if (has_nothing_to_keep) {
        for (Plan& plan : simple) plan.icc = Icc::srgb;
    }
    return simple;
}

}  // namespace

Result<std::vector<Pixels>> decode(std::span<const std::byte> bytes, const ImageFacts& facts,
                                   std::span<const Plan> plans, const StopCheck& stop) {
    return derived(
        without_needless_icc(plans, bytes, facts), stop,
        [&](std::span<const Plan> wanted, Icc icc) { return read(bytes, facts, wanted, icc, stop); });
}

Result<std::vector<Pixels>> resample_all(const Pixels& source, std::span<const Plan> plans,
                                         const StopCheck& stop) {
    return derived(plans, stop, [&](std::span<const Plan> wanted, Icc) -> Result<std::vector<Pixels>> {
        std::vector<Pixels> made;
        for (const Plan& plan : wanted) {
            if (stop && stop()) return failure(ErrorCode::cancelled, "The work was called off.");
            made.push_back(resample(source, plan));
        }
        return made;
    });
}

}  // namespace safelight
