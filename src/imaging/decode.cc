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

/// `make` gives the pixels of those plans that are not derived from others.
template <class Make>
Result<std::vector<Pixels>> derived(std::span<const Plan> plans, const StopCheck& stop, const Make& make) {
    const std::vector<Derivation> derivations = derive(plans);
    std::vector<Plan> wanted;
    std::vector<std::size_t> roots;
    for (std::size_t i = 0; i < plans.size(); ++i) {
        if (derivations[i].parent) continue;
        wanted.push_back(derivations[i].plan);
        roots.push_back(i);
    }
    TRY_ASSIGN(std::vector<Pixels> made, make(wanted));
    std::vector<Pixels> results(plans.size());
    for (std::size_t i = 0; i < roots.size(); ++i) results[roots[i]] = std::move(made[i]);
    for (std::size_t i = 0; i < plans.size(); ++i) {
        if (!derivations[i].parent) continue;
        if (stop && stop()) return failure(ErrorCode::cancelled, "The work was called off.");
        results[i] = resample(results[*derivations[i].parent], derivations[i].plan);
    }
    return results;
}

}  // namespace

Result<std::vector<Pixels>> decode(std::span<const std::byte> bytes, const ImageFacts& facts,
                                   std::span<const Plan> plans, const StopCheck& stop) {
    return derived(plans, stop,
                   [&](std::span<const Plan> wanted) { return read(bytes, facts, wanted, stop); });
}

Result<std::vector<Pixels>> resample_all(const Pixels& source, std::span<const Plan> plans,
                                         const StopCheck& stop) {
    return derived(plans, stop, [&](std::span<const Plan> wanted) -> Result<std::vector<Pixels>> {
        std::vector<Pixels> made;
        for (const Plan& plan : wanted) {
            if (stop && stop()) return failure(ErrorCode::cancelled, "The work was called off.");
            made.push_back(resample(source, plan));
        }
        return made;
    });
}

}  // namespace safelight
