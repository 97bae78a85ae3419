#include "imaging/decode.h"

#include <utility>

#include "imaging/derive.h"
#include "imaging/jpeg/jpeg_source.h"
#include "imaging/resample/resampler.h"
#include "imaging/vips/vips_source.h"

namespace safelight {
namespace {

Result<std::vector<Pixels>> read(std::span<const std::byte> bytes, const ImageFacts& facts,
                                 std::span<const Plan> plans, Icc icc, const StopCheck& stop) {
    if (facts.format != Format::jpeg) return read_by_vips(bytes, facts, plans, icc, stop);
    const auto gamut = plain_gamut(bytes, facts, icc);
    if (!gamut) return read_by_vips(bytes, facts, plans, icc, stop);
    TRY_ASSIGN(std::vector<Pixels> made, read_jpeg(bytes, plans, stop));
    for (Pixels& pixels : made) pixels.gamut = *gamut;
    return made;
}

Pixels resampled(const Pixels& source, const Plan& plan) {
    Resampler resampler(source.width_px, source.height_px, source.channels, plan);
    resampler.push_rows(source.samples.data(), source.row_bytes(), source.height_px);
    Pixels result = resampler.take();
    result.gamut = source.gamut;
    return result;
}

/// The plans that are made from the source, and want their colours like this, each into its place.
Status read_into(std::vector<Pixels>& results, std::span<const std::byte> bytes, const ImageFacts& facts,
                 std::span<const Derivation> derivations, Icc icc, const StopCheck& stop) {
    std::vector<Plan> wanted;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < derivations.size(); ++i) {
        if (derivations[i].parent || derivations[i].plan.icc != icc) continue;
        wanted.push_back(derivations[i].plan);
        places.push_back(i);
    }
    TRY_ASSIGN(std::vector<Pixels> made, read(bytes, facts, wanted, icc, stop));
    for (std::size_t i = 0; i < places.size(); ++i) results[places[i]] = std::move(made[i]);
    return {};
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
    const std::vector<Derivation> derivations = derive(without_needless_icc(plans, bytes, facts));
    std::vector<Pixels> results(plans.size());
    for (const Icc icc : {Icc::srgb, Icc::keep})
        TRY(read_into(results, bytes, facts, derivations, icc, stop));
    for (std::size_t i = 0; i < plans.size(); ++i) {
        if (!derivations[i].parent) continue;
        if (stop && stop()) return failure(ErrorCode::cancelled, "The work was called off.");
        results[i] = resampled(results[*derivations[i].parent], derivations[i].plan);
    }
    return results;
}

}  // namespace safelight
