#include "imaging/vips/library.h"

#include <algorithm>

namespace safelight {
namespace {

/// Warnings of decoders, and of the libraries below them, are answers to clients, not lines on the stderr of
/// any process. GLib's own writers would ask what listens there, by system calls for which a renderer process
/// is killed. After a fatal one GLib aborts, whatever is returned here.
GLogWriterOutput keep_silent(GLogLevelFlags, const GLogField*, gsize, gpointer) {
    return G_LOG_WRITER_HANDLED;
}

Status start_vips() {
    // Decoded pictures above 100 MB would go to a temporary file, which a renderer process cannot open; how
    // much memory there is was decided before.
    g_setenv("VIPS_DISC_THRESHOLD", "1000g", TRUE);
    if (vips_init("safelight") != 0) {
        return vips_failure(ErrorCode::renderer_failed, "The picture could not be processed.");
    }
    vips_block_untrusted_set(TRUE);
    vips_cache_set_max(0);
    vips_concurrency_set(1);
    g_log_set_writer_func(keep_silent, nullptr, nullptr);
    return {};
}

void on_eval(VipsImage* picture, VipsProgress*, const StopCheck* stop) {
    if ((*stop)()) vips_image_set_kill(picture, TRUE);
}

}  // namespace

Status initialise_vips() {
    static const Status started = start_vips();
    return started;
}

void stop_when(VipsImage* picture, const StopCheck& stop) {
    if (!stop) return;
    vips_image_set_progress(picture, TRUE);
    g_signal_connect(picture, "eval", G_CALLBACK(on_eval), const_cast<StopCheck*>(&stop));
}

std::unexpected<Error> vips_failure(ErrorCode code, std::string public_text) {
    // The buffer is shared by all threads: the text may be of another's picture, which is good enough for a
    // log. The copy is made, and the buffer cleared, under libvips' own lock.
    const std::unique_ptr<char, decltype(&g_free)> message(vips_error_buffer_copy(), &g_free);
    std::string text = "libvips: " + std::string(message.get());
    while (!text.empty() && text.back() == '\n') text.pop_back();
    std::ranges::replace(text, '\n', ';');  // one line for a log
    return failure(code, std::move(public_text), std::move(text));
}

}  // namespace safelight
