#include "imaging/jxl/jxl_reader.h"

#include <jxl/decode.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

namespace safelight {
namespace {

std::unexpected<Error> undecodable(std::string log_text) {
    return failure(ErrorCode::invalid_image, "The picture cannot be decoded.",
                   "libjxl: " + std::move(log_text));
}

struct DecoderRelease {
    void operator()(JxlDecoder* decoder) const { JxlDecoderDestroy(decoder); }
};
using Decoder = std::unique_ptr<JxlDecoder, DecoderRelease>;

/// Over all of the bytes; without a runner libjxl starts no threads. Error: renderer_failed.
Result<Decoder> decoder_over(std::span<const std::byte> bytes, int events) {
    Decoder decoder(JxlDecoderCreate(nullptr));
    if (!decoder || JxlDecoderSubscribeEvents(decoder.get(), events) != JXL_DEC_SUCCESS ||
        JxlDecoderSetInput(decoder.get(), reinterpret_cast<const std::uint8_t*>(bytes.data()),
                           bytes.size()) != JXL_DEC_SUCCESS) {
        return failure(ErrorCode::renderer_failed, "The picture could not be processed.",
                       "libjxl does not start");
    }
    JxlDecoderCloseInput(decoder.get());
    return decoder;
}

/// What the samples of a lossy picture are asked for in: grey, sRGB or Display P3.
JxlColorEncoding with_srgb_curve(bool is_grey, JxlPrimaries primaries) {
    JxlColorEncoding encoding{};
    encoding.color_space = is_grey ? JXL_COLOR_SPACE_GRAY : JXL_COLOR_SPACE_RGB;
    encoding.white_point = JXL_WHITE_POINT_D65;
    encoding.primaries = primaries;
    encoding.transfer_function = JXL_TRANSFER_FUNCTION_SRGB;
    encoding.rendering_intent = JXL_RENDERING_INTENT_RELATIVE;
    return encoding;
}

/// But for the intent: nothing is converted.
bool is_same(const JxlColorEncoding& a, const JxlColorEncoding& b) {
    const bool is_grey = a.color_space == JXL_COLOR_SPACE_GRAY;
    return a.color_space == b.color_space && a.white_point == b.white_point &&
           (is_grey || a.primaries == b.primaries) && a.transfer_function == b.transfer_function;
}

template <class Sample>
void unpremultiply(RawPicture& picture) {
    auto* sample = reinterpret_cast<Sample*>(picture.samples.data());
    const std::size_t pixels = std::size_t{picture.width_px} * picture.height_px;
    constexpr std::uint64_t most = (std::uint64_t{1} << (8 * sizeof(Sample))) - 1;
    for (std::size_t i = 0; i < pixels; ++i, sample += picture.channels) {
        const std::uint64_t alpha = sample[picture.channels - 1];
        if (alpha == 0 || alpha == most) continue;
        for (std::uint32_t c = 0; c + 1 < picture.channels; ++c)
            sample[c] = static_cast<Sample>(std::min(most, (sample[c] * most + alpha / 2) / alpha));
    }
}

class JxlRead {
  public:
    explicit JxlRead(Decoder decoder) : decoder_(std::move(decoder)) {}

    Result<RawPicture> run() {
        while (true) {
            switch (JxlDecoderProcessInput(decoder_.get())) {
                case JXL_DEC_BASIC_INFO:
                    TRY(read_info());
                    break;
                case JXL_DEC_COLOR_ENCODING:
                    read_colours();
                    break;
                case JXL_DEC_NEED_IMAGE_OUT_BUFFER:
                    TRY(make_room());
                    break;
                case JXL_DEC_FULL_IMAGE:
                    return finished();
                case JXL_DEC_NEED_MORE_INPUT:
                    return undecodable("the data end too early");
                default:
                    return undecodable("broken data");
            }
        }
    }

  private:
    Status read_info() {
        if (JxlDecoderGetBasicInfo(decoder_.get(), &info_) != JXL_DEC_SUCCESS)
            return undecodable("no header");
        picture_.width_px = info_.xsize;
        picture_.height_px = info_.ysize;
        picture_.channels = info_.num_color_channels + (info_.alpha_bits > 0 ? 1 : 0);
        picture_.bits = info_.bits_per_sample > 8 ? 16 : 8;
        format_ = {picture_.channels, picture_.bits == 8 ? JXL_TYPE_UINT8 : JXL_TYPE_UINT16,
                   JXL_NATIVE_ENDIAN, 0};
        return {};
    }

    void read_colours() {
        const JxlColorEncoding srgb = with_srgb_curve(info_.num_color_channels == 1, JXL_PRIMARIES_SRGB);
        const JxlColorEncoding wanted = is_wide() ? with_srgb_curve(false, JXL_PRIMARIES_P3) : srgb;
        // Refused for what is stored in colours of its own: these come with their profile.
        static_cast<void>(JxlDecoderSetPreferredColorProfile(decoder_.get(), &wanted));
        const auto target = JXL_COLOR_PROFILE_TARGET_DATA;
        JxlColorEncoding found{};
        const bool has_encoding =
            JxlDecoderGetColorAsEncodedProfile(decoder_.get(), &format_, target, &found) == JXL_DEC_SUCCESS;
        if (has_encoding && is_same(found, srgb)) return;
        std::size_t size = 0;
        if (JxlDecoderGetICCProfileSize(decoder_.get(), &format_, target, &size) != JXL_DEC_SUCCESS) return;
        std::vector<std::byte>& profile = picture_.icc_profile;
        profile.resize(size);
        if (JxlDecoderGetColorAsICCProfile(decoder_.get(), &format_, target,
                                           reinterpret_cast<std::uint8_t*>(profile.data()),
                                           size) != JXL_DEC_SUCCESS) {
            profile.clear();
        }
    }

    /// Whether the picture was made from more colours than sRGB has.
    [[nodiscard]] bool is_wide() const {
        JxlColorEncoding original{};
        return JxlDecoderGetColorAsEncodedProfile(decoder_.get(), &format_, JXL_COLOR_PROFILE_TARGET_ORIGINAL,
                                                  &original) == JXL_DEC_SUCCESS &&
               original.color_space == JXL_COLOR_SPACE_RGB && original.primaries != JXL_PRIMARIES_SRGB;
    }

    Status make_room() {
        std::size_t size = 0;
        if (JxlDecoderImageOutBufferSize(decoder_.get(), &format_, &size) != JXL_DEC_SUCCESS)
            return undecodable("no room can be made");
        picture_.samples.resize(size);
        if (JxlDecoderSetImageOutBuffer(decoder_.get(), &format_, picture_.samples.data(), size) !=
            JXL_DEC_SUCCESS) {
            return undecodable("the room is not taken");
        }
        return {};
    }

    Result<RawPicture> finished() {
        if (info_.alpha_bits > 0 && info_.alpha_premultiplied == JXL_TRUE) {
            picture_.bits == 8 ? unpremultiply<std::uint8_t>(picture_)
                               : unpremultiply<std::uint16_t>(picture_);
        }
        return std::move(picture_);
    }

    Decoder decoder_;
    JxlBasicInfo info_{};
    JxlPixelFormat format_{};
    RawPicture picture_;
};

}  // namespace

Result<std::uint32_t> count_jxl_frames(std::span<const std::byte> bytes, std::uint32_t frames_max) {
    TRY_ASSIGN(const Decoder decoder, decoder_over(bytes, JXL_DEC_FRAME));
    for (std::uint32_t frames = 0;;) {
        switch (JxlDecoderProcessInput(decoder.get())) {
            case JXL_DEC_FRAME:
                if (++frames > frames_max) return frames;
                break;
            case JXL_DEC_SUCCESS:
                return frames;
            case JXL_DEC_NEED_MORE_INPUT:
                return undecodable("the data end too early");
            default:
                return undecodable("broken data");
        }
    }
}

Result<RawPicture> read_jxl(std::span<const std::byte> bytes) {
    TRY_ASSIGN(Decoder decoder,
               decoder_over(bytes, JXL_DEC_BASIC_INFO | JXL_DEC_COLOR_ENCODING | JXL_DEC_FULL_IMAGE));
    return JxlRead(std::move(decoder)).run();
}

}  // namespace safelight
