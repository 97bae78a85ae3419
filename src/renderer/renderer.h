// The interface between jobs and pixels: a source and transforms in, facts or encoded pictures out.
//
// Implementations: direct/ (in this process, for tests and the one-shot command). A picture is untrusted: an
// implementation may fail any call, and must not believe what the bytes say of themselves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/byte_source.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "image/facts.h"
#include "image/focal_point.h"
#include "image/format_support.h"
#include "image/limits.h"
#include "image/look.h"
#include "transform/transform.h"

namespace safelight {

/// One encoded picture.
struct Rendition {
    Format format = Format::jpeg;
    std::uint32_t width_px = 0;
    std::uint32_t height_px = 0;
    std::vector<std::byte> bytes;
};

/// A stored image that a watermark names.
struct Overlay {
    ImageId image;
    ByteSource* source = nullptr;
};

/// How many of them a call may bring.
inline constexpr std::size_t overlays_max = 8;

/// One picture, and what to make of it. What is referred to outlives the call.
struct RenderTask {
    ByteSource& source;
    std::span<const Transform> transforms;
    std::optional<FocalPoint> focal_point = {};
    std::span<const Overlay> overlays = {};  // those that are missing fail the transforms that name them
    bool wants_look = false;
};

struct RenderOutcome {
    std::vector<Result<Rendition>> renditions;  // one for each transform, in order
    std::optional<Look> look;                   // when it was wanted
};

/// Asked between steps; true means that nobody wants the result any more. Must be safe to call from any
/// thread.
using CancelCheck = std::function<bool()>;

/// Any thread may call, concurrently; calls block for as long as the work takes.
class Renderer {
  public:
    virtual ~Renderer() = default;

    /// Looks at the header and the container's structure; decodes no pixels. The limits are checked.
    /// Errors: unsupported_image, invalid_image, image_too_large, too_many_frames, too_many_scans,
    /// payload_too_large, empty_payload (permanent); renderer_failed, overloaded, unavailable (no
    /// thread can be started, or no descriptor is left; it says nothing of the picture), and what the source
    /// returns.
    [[nodiscard]] virtual Result<ImageFacts> probe(ByteSource& source) = 0;

    /// Makes all of the task's transforms from one source. The outer result fails when the source cannot be
    /// used at all (as probe does, or timeout, cancelled); otherwise there is one entry for each transform.
    /// The same task gives the same bytes each time.
    [[nodiscard]] virtual Result<RenderOutcome> render(const RenderTask& task,
                                                       const CancelCheck& cancelled) = 0;

    /// One for each of all_formats: what this renderer takes and makes.
    [[nodiscard]] virtual std::vector<FormatSupport> formats() const = 0;

    /// One line each, for `safelight version`: "libvips 8.14.1", "JPEG: libjpeg-turbo 2.1.5", …
    [[nodiscard]] virtual std::vector<std::string> versions() const = 0;
};

/// The renditions alone.
[[nodiscard]] inline Result<std::vector<Result<Rendition>>> render(Renderer& renderer, ByteSource& source,
                                                                   std::span<const Transform> transforms,
                                                                   const CancelCheck& cancelled = {}) {
    TRY_ASSIGN(RenderOutcome outcome,
               renderer.render({.source = source, .transforms = transforms}, cancelled));
    return std::move(outcome.renditions);
}

}  // namespace safelight
