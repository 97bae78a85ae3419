#include "imaging/decode.h"

#include <utility>

#include "imaging/derive.h"
#include "imaging/jpeg/jpeg_source.h"
#include "imaging/resample/resampler.h"
#include "imaging/vips/vips_source.h"

namespace safelight {
namespace {

Result<std::vector<Pixels>> read(std::span<const std::byte> bytes, const ImageFacts& facts,
                                 std::span<const Plan> plans, const StopCheck& stop) {
    if (facts.format == Format::jpeg && is_plain_jpeg(bytes, facts)) return read_jpeg(bytes, plans, stop);
    return read_by_vips(bytes, facts, plans, stop);
}

Pixels resampled(const Pixels& source, const Plan& plan) {
    Resampler resampler(source.width_px, source.height_px, source.channels, plan);
    resampler.push_rows(source.samples.data(), source.row_bytes(), source.height_px);
    return resampler.take();
}

}  // namespace

Result<std::vector<Pixels>> decode(std::span<const std::byte> bytes, const ImageFacts& facts,
                                   std::span<const Plan> plans, const StopCheck& stop) {
    const std::vector<Derivation> derivations = derive(plans);
    std::vector<Plan> wanted;
    std::vector<std::size_t> roots;
    for (std::size_t i = 0; i < plans.size(); ++i) {
        if (derivations[i].parent) continue;
        wanted.push_back(derivations[i].plan);
        roots.push_back(i);
    }
    TRY_ASSIGN(std::vector<Pixels> made, read(bytes, facts, wanted, stop));
    std::vector<Pixels> results(plans.size());
    for (std::size_t i = 0; i < roots.size(); ++i) results[roots[i]] = std::move(made[i]);
    for (std::size_t i = 0; i < plans.size(); ++i) {
        if (!derivations[i].parent) continue;
        if (stop && stop()) return failure(ErrorCode::cancelled, "The work was called off.");
        results[i] = resampled(results[*derivations[i].parent], derivations[i].plan);
    }
    return results;
}

}  // namespace safelight
