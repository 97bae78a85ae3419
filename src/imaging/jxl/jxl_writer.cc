#include "imaging/jxl/jxl_writer.h"

#include <jxl/encode.h>

#include <fmt/format.h>

#include <algorithm>
#include <memory>

namespace safelight {
namespace {

constexpr float distance_max = 15;  // of the encoder
constexpr std::uint8_t lossless_quality = 100;
constexpr std::size_t first_output_bytes = 64 * 1'024;

struct EncoderRelease {
    void operator()(JxlEncoder* encoder) const { JxlEncoderDestroy(encoder); }
};
using Encoder = std::unique_ptr<JxlEncoder, EncoderRelease>;

/// The picture's shape and colours.
bool describe(JxlEncoder* encoder, const Pixels& pixels, bool lossless) {
    const bool is_grey = pixels.channels <= 2;
    JxlBasicInfo info;
    JxlEncoderInitBasicInfo(&info);
    info.xsize = pixels.width_px;
    info.ysize = pixels.height_px;
    info.bits_per_sample = 8;
    info.num_color_channels = is_grey ? 1 : 3;
    info.uses_original_profile = lossless ? JXL_TRUE : JXL_FALSE;
    if (has_alpha(pixels.channels)) {
        info.num_extra_channels = 1;
        info.alpha_bits = 8;
    }
    JxlColorEncoding colours;
    JxlColorEncodingSetToSRGB(&colours, is_grey ? JXL_TRUE : JXL_FALSE);
    // Of white and curve it is sRGB, and no profile is needed to say so.
    if (pixels.gamut == Gamut::display_p3) colours.primaries = JXL_PRIMARIES_P3;
    return JxlEncoderSetBasicInfo(encoder, &info) == JXL_ENC_SUCCESS &&
           JxlEncoderSetColorEncoding(encoder, &colours) == JXL_ENC_SUCCESS;
}

bool add_frame(JxlEncoder* encoder, const Pixels& pixels, const JxlOptions& options, bool lossless) {
    JxlEncoderFrameSettings* settings = JxlEncoderFrameSettingsCreate(encoder, nullptr);
    const bool is_set =
        settings != nullptr &&
        JxlEncoderFrameSettingsSetOption(settings, JXL_ENC_FRAME_SETTING_EFFORT, options.effort) ==
            JXL_ENC_SUCCESS &&
        (lossless ? JxlEncoderSetFrameLossless(settings, JXL_TRUE)
                  : JxlEncoderSetFrameDistance(settings, jxl_distance(options.quality))) == JXL_ENC_SUCCESS;
    if (!is_set) return false;
    const JxlPixelFormat format{pixels.channels, JXL_TYPE_UINT8, JXL_NATIVE_ENDIAN, 0};
    if (JxlEncoderAddImageFrame(settings, &format, pixels.samples.data(), pixels.samples.size()) !=
        JXL_ENC_SUCCESS) {
        return false;
    }
    JxlEncoderCloseInput(encoder);
    return true;
}

/// Empty when encoding fails.
std::vector<std::byte> output_of(JxlEncoder* encoder) {
    std::vector<std::byte> bytes(first_output_bytes);
    std::size_t written = 0;
    while (true) {
        auto* next = reinterpret_cast<std::uint8_t*>(bytes.data() + written);
        std::size_t room = bytes.size() - written;
        const JxlEncoderStatus status = JxlEncoderProcessOutput(encoder, &next, &room);
        written = bytes.size() - room;
        if (status != JXL_ENC_NEED_MORE_OUTPUT) {
            bytes.resize(status == JXL_ENC_SUCCESS ? written : 0);
            return bytes;
        }
        bytes.resize(bytes.size() * 2);
    }
}

}  // namespace

float jxl_distance(std::uint8_t quality) {
    const auto q = static_cast<float>(quality);
    const float distance =
        q >= 30 ? 0.1F + (100 - q) * 0.09F : 53.0F / 3000.0F * q * q - 23.0F / 20.0F * q + 25.0F;
    return std::min(distance, distance_max);
}

Result<std::vector<std::byte>> write_jxl(const Pixels& pixels, const JxlOptions& options) {
    const Encoder encoder(JxlEncoderCreate(nullptr));
    const bool lossless = options.lossless || options.quality >= lossless_quality;
    std::vector<std::byte> bytes;
    if (encoder && describe(encoder.get(), pixels, lossless) &&
        add_frame(encoder.get(), pixels, options, lossless)) {
        bytes = output_of(encoder.get());
    }
    if (!bytes.empty()) return bytes;
    return failure(ErrorCode::renderer_failed, "The picture could not be encoded.",
                   fmt::format("libjxl: error {}", encoder ? JxlEncoderGetError(encoder.get()) : 0));
}

std::string jxl_version() {
    const std::uint32_t number = JxlEncoderVersion();
    return fmt::format("JPEG XL: libjxl {}.{}.{}", number / 1'000'000, number / 1'000 % 1'000,
                       number % 1'000);
}

}  // namespace safelight
