// The interface between jobs and pixels: a source and transforms in, facts or encoded pictures out.
//
// Implementations: direct/ (in this process, for tests and the one-shot command). A picture is untrusted: an
// implementation may fail any call, and must not believe what the bytes say of themselves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/byte_source.h"
#include "base/clock.h"
#include "base/result.h"
#include "image/facts.h"
#include "image/limits.h"
#include "transform/transform.h"

namespace safelight {

/// One encoded picture.
struct Rendition {
    Format format = Format::jpeg;
    std::uint32_t width_px = 0;
    std::uint32_t height_px = 0;
    std::vector<std::byte> bytes;
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
    /// payload_too_large, empty_payload (permanent); renderer_failed, overloaded, and what the source
    /// returns.
    [[nodiscard]] virtual Result<ImageFacts> probe(ByteSource& source) = 0;

    /// Makes all of `transforms` from one source. The outer result fails when the source cannot be used at
    /// all (as probe does, or timeout, cancelled); otherwise there is one entry for each transform, in order.
    /// The same source and transform give the same bytes each time.
    [[nodiscard]] virtual Result<std::vector<Result<Rendition>>> render(ByteSource& source,
                                                                        std::span<const Transform> transforms,
                                                                        const CancelCheck& cancelled) = 0;

    /// One line each, for `safelight version`: "libvips 8.14.1", "JPEG: libjpeg-turbo 2.1.5", …
    [[nodiscard]] virtual std::vector<std::string> versions() const = 0;
};

}  // namespace safelight
