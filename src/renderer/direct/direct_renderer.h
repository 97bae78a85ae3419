// Renders in the calling process: for tests and the one-shot command. Whatever a picture does to a decoder,
// it does to this process.
#pragma once

#include <memory>

#include "image/limits.h"
#include "renderer/renderer.h"

namespace safelight {

struct DirectRendererConfig {
    ImageLimits limits;
};

/// Any thread may call the renderer, concurrently; each call works on the calling thread alone. The source is
/// read into memory, limits.bytes_max at most. When the codecs cannot be initialised, every call answers
/// renderer_failed.
[[nodiscard]] std::unique_ptr<Renderer> make_direct_renderer(const DirectRendererConfig& config);

}  // namespace safelight
