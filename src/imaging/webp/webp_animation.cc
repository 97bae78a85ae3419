#include "imaging/webp/webp_animation.h"

#include <webp/encode.h>
#include <webp/mux.h>

#include <algorithm>
#include <memory>
#include <span>

#include "imaging/container/byte_view.h"

namespace safelight {
namespace {

constexpr std::uint32_t plays_max = 65'535;

struct EncoderRelease {
    void operator()(WebPAnimEncoder* encoder) const { WebPAnimEncoderDelete(encoder); }
};
using Encoder = std::unique_ptr<WebPAnimEncoder, EncoderRelease>;

struct PictureRelease {
    void operator()(WebPPicture* picture) const { WebPPictureFree(picture); }
};

struct DataRelease {
    void operator()(WebPData* data) const { WebPDataClear(data); }
};

std::unexpected<Error> encoder_failure(std::string log_text) {
    return failure(ErrorCode::renderer_failed, "The animation could not be encoded.",
                   "libwebp: " + std::move(log_text));
}

Result<WebPConfig> config_of(const SaveOptions& options) {
    WebPConfig config;
    if (WebPConfigInit(&config) == 0) return encoder_failure("another version than was built for");
    config.quality = options.quality;
    config.lossless = options.lossless ? 1 : 0;
    config.method = effort_for(Format::webp, options.effort);
    if (WebPValidateConfig(&config) == 0) return encoder_failure("options that it does not take");
    return config;
}

Encoder make_encoder(const Pixels& frame, std::uint32_t plays) {
    WebPAnimEncoderOptions options;
    if (WebPAnimEncoderOptionsInit(&options) == 0) return nullptr;
    options.anim_params.loop_count = static_cast<int>(std::min(plays, plays_max));
    return Encoder(
        WebPAnimEncoderNew(static_cast<int>(frame.width_px), static_cast<int>(frame.height_px), &options));
}

void copy_row(const std::uint8_t* samples, std::uint32_t channels, std::span<std::uint32_t> argb) {
    const std::uint32_t green = channels <= 2 ? 0 : 1;  // of grey there is one for all
    for (std::uint32_t& pixel : argb) {
        const std::uint32_t alpha = has_alpha(channels) ? samples[channels - 1] : 0xff;
        pixel = alpha << 24 | std::uint32_t{samples[0]} << 16 | std::uint32_t{samples[green]} << 8 |
                std::uint32_t{samples[2 * green]};
        samples += channels;
    }
}

Status add_frame(WebPAnimEncoder* encoder, const Pixels& frame, std::int32_t begin_ms,
                 const WebPConfig& config) {
    WebPPicture picture;
    if (WebPPictureInit(&picture) == 0) return encoder_failure("another version than was built for");
    const std::unique_ptr<WebPPicture, PictureRelease> owner(&picture);
    picture.use_argb = 1;
    picture.width = static_cast<int>(frame.width_px);
    picture.height = static_cast<int>(frame.height_px);
    if (WebPPictureAlloc(&picture) == 0) return encoder_failure("no memory for a frame");
    for (std::uint32_t y = 0; y < frame.height_px; ++y) {
        std::uint32_t* row = picture.argb + static_cast<std::ptrdiff_t>(y) * picture.argb_stride;
        copy_row(frame.row(y), frame.channels, std::span(row, frame.width_px));
    }
    if (WebPAnimEncoderAdd(encoder, &picture, begin_ms, &config) != 0) return {};
    return encoder_failure(WebPAnimEncoderGetError(encoder));
}

Result<std::vector<std::byte>> assemble(WebPAnimEncoder* encoder, std::int32_t end_ms) {
    WebPData data;
    WebPDataInit(&data);
    const std::unique_ptr<WebPData, DataRelease> owner(&data);
    const bool done = WebPAnimEncoderAdd(encoder, nullptr, end_ms, nullptr) != 0 &&
                      WebPAnimEncoderAssemble(encoder, &data) != 0;
    if (!done) return encoder_failure(WebPAnimEncoderGetError(encoder));
    const auto bytes = std::as_bytes(std::span(data.bytes, data.size));
    return std::vector(bytes.begin(), bytes.end());
}

bool is_opaque(const Pixels& frame) {
    if (!has_alpha(frame.channels)) return true;
    for (std::size_t i = frame.channels - 1; i < frame.samples.size(); i += frame.channels) {
        if (frame.samples[i] != 0xff) return false;
    }
    return true;
}

/// libwebp tells of alpha only when a frame's own pixels have it, not when frames leave a part of the canvas
/// free: there, decoders would show black. The flag stands in the header of every animation.
void tell_of_alpha(std::vector<std::byte>& file) {
    constexpr std::size_t flags_at = 20;
    constexpr std::byte alpha{0x10};
    const ByteView view(file);
    if (view.has_text(12, "VP8X") && view.holds(flags_at, 1)) file[flags_at] |= alpha;
}

}  // namespace

Result<std::vector<std::byte>> write_webp_animation(const FrameSequence& frames, const SaveOptions& options,
                                                    const StopCheck& stop) {
    TRY_ASSIGN(const WebPConfig config, config_of(options));
    const std::vector<std::int32_t> timestamps_ms = webp_timestamps_ms(frames.timing);
    Encoder encoder;
    bool has_clear_pixels = false;
    for (std::size_t i = 0; i < frames.timing.delays_ms.size(); ++i) {
        if (stop && stop()) return failure(ErrorCode::cancelled, "The work was called off.");
        TRY_ASSIGN(const Pixels frame, frames.next());
        if (!encoder) encoder = make_encoder(frame, frames.timing.plays);
        if (!encoder) return encoder_failure("no encoder for these sides");
        TRY(add_frame(encoder.get(), frame, timestamps_ms[i], config));
        has_clear_pixels = has_clear_pixels || !is_opaque(frame);
    }
    if (!encoder) return encoder_failure("no frames");
    TRY_ASSIGN(std::vector<std::byte> file, assemble(encoder.get(), timestamps_ms.back()));
    if (has_clear_pixels) tell_of_alpha(file);
    return file;
}

}  // namespace safelight
