// The edge to libvips: its start, its pictures, its errors.
#pragma once

#include <memory>

#include <vips/vips.h>

#include "base/result.h"
#include "imaging/imaging.h"

namespace safelight {

struct VipsRelease {
    void operator()(void* object) const { g_object_unref(object); }
};

using VipsPicture = std::unique_ptr<VipsImage, VipsRelease>;

/// Starts libvips once for the process, with untrusted loaders blocked, no operation cache and no worker
/// threads. Error: renderer_failed.
[[nodiscard]] Status initialise_vips();

/// The error that libvips left behind, which is taken from it; `code` and `public_text` are the caller's.
[[nodiscard]] std::unexpected<Error> vips_failure(ErrorCode code, std::string public_text);

/// What a saver writes to: `&bytes.data, &bytes.size`.
struct VipsBytes {
    void* data = nullptr;
    std::size_t size = 0;

    VipsBytes() = default;
    ~VipsBytes() { g_free(data); }
    VipsBytes(const VipsBytes&) = delete;
    VipsBytes& operator=(const VipsBytes&) = delete;
};

/// Lets `stop` end what libvips computes for this picture by itself (an interlaced picture, a saver's
/// pixels). `stop` must outlive the picture and everything made from it.
void stop_when(VipsImage* picture, const StopCheck& stop);

/// libvips keeps buffers for each thread that it has seen; this lets go of the calling thread's.
class VipsThread {
  public:
    VipsThread() = default;
    ~VipsThread() { vips_thread_shutdown(); }
    VipsThread(const VipsThread&) = delete;
    VipsThread& operator=(const VipsThread&) = delete;
};

}  // namespace safelight
