// Pictures in memory: what they are, and how they become other pictures. The way in for other rooms.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "image/facts.h"
#include "image/focal_point.h"
#include "image/format_support.h"
#include "image/limits.h"
#include "image/look.h"
#include "transform/transform.h"

namespace safelight {

struct EncodedPicture {
    Format format = Format::jpeg;
    std::uint32_t width_px = 0;
    std::uint32_t height_px = 0;
    std::vector<std::byte> bytes;
};

/// The file of a stored image that a watermark names.
struct OverlayFile {
    ImageId image;
    std::span<const std::byte> bytes;
};

/// One picture, and what to make of it.
struct RenderInput {
    std::span<const std::byte> bytes;
    std::span<const Transform> transforms;
    std::optional<FocalPoint> focal_point = {};
    std::span<const OverlayFile> overlays = {};
    bool wants_look = false;
};

struct RenderOutput {
    std::vector<Result<EncodedPicture>> pictures;  // one for each transform, in order
    std::optional<Look> look;                      // when it was wanted
};

/// Asked between steps and between strips of rows; true ends the work with ErrorCode::cancelled.
using StopCheck = std::function<bool()>;

/// Before anything else here; may be called again, from any thread. Error: renderer_failed.
[[nodiscard]] Status initialise_codecs();

/// Checks the container and the limits; no pixels are decoded. AVIF, HEIC, JPEG XL, SVG and TIFF are then
/// shown to their library, which reads the header alone (of an SVG, all that is not drawn). Errors: as
/// Renderer::probe.
[[nodiscard]] Result<ImageFacts> probe(std::span<const std::byte> bytes, const ImageLimits& limits);

/// Probes, then makes all of the transforms. The outer result fails when nothing could be made at all: what
/// probe refuses, pixels that do not decode, cancelled, renderer_failed. An entry of its own fails with
/// unsupported_transform. The same input gives the same output.
[[nodiscard]] Result<RenderOutput> render_all(const RenderInput& input, const ImageLimits& limits,
                                              const StopCheck& stop);

/// One for each of all_formats, as found by trying: what is written is encoded and looked at, what is read
/// has a decoder that says so. What ImageLimits switch off counts as read.
[[nodiscard]] std::vector<FormatSupport> format_support();

/// One line each: "libvips 8.14.1", "JPEG: libjpeg-turbo 2.1.5", …
[[nodiscard]] std::vector<std::string> codec_versions();

}  // namespace safelight
