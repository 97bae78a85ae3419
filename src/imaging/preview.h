// What has to be seen of a picture before its transforms can be laid out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>

#include "base/result.h"
#include "imaging/framing.h"
#include "imaging/imaging.h"
#include "imaging/pixels.h"

namespace safelight {

/// For most transforms nothing, and nothing is decoded. For trim all of the picture in its own resolution:
/// everything else is then made from these pixels, in one decode. For attention and entropy a small picture:
/// a JPEG gives it at an eighth of its sides, and the transforms' own decode follows; with any other format
/// all pixels are decoded once, as for trim.
class Preview {
  public:
    /// Errors: as decode.
    [[nodiscard]] static Result<Preview> of(const RenderInput& input, const ImageFacts& facts,
                                            const StopCheck& stop);

    /// For one of the input's transforms; must not outlive the preview.
    [[nodiscard]] Sight sight_for(const Transform& transform) const;

    /// All stored pixels, when they had to be seen.
    [[nodiscard]] const std::optional<Pixels>& whole() const { return whole_; }

  private:
    std::optional<FocalPoint> focal_point_;
    std::optional<Pixels> whole_;
    std::optional<Pixels> view_;               // displayed
    std::map<std::uint8_t, Region> contents_;  // by the tolerance of trim
};

}  // namespace safelight
