#include "imaging/vips/gif_animation.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <mutex>
#include <optional>
#include <span>

#include "imaging/vips/library.h"

namespace safelight {
namespace {

/// The rows of all frames, one below the other, as libvips asks for them: never back to an earlier frame.
class Rows {
  public:
    Rows(const FrameSequence& frames, Pixels first) : frames_(frames), frame_(std::move(first)) {}

    /// Copies what `region` wants; false when that cannot be had.
    bool fill(VipsRegion* region) {
        const std::lock_guard lock(mutex_);
        const VipsRect& wanted = region->valid;
        const std::size_t first = static_cast<std::size_t>(wanted.left) * frame_.channels;
        const std::size_t count = static_cast<std::size_t>(wanted.width) * frame_.channels;
        for (int y = wanted.top; y < wanted.top + wanted.height; ++y) {
            const auto row = static_cast<std::uint32_t>(y);
            if (!go_to(row / frame_.height_px)) return false;
            std::memcpy(VIPS_REGION_ADDR(region, wanted.left, y), frame_.row(row % frame_.height_px) + first,
                        count);
        }
        return true;
    }

    [[nodiscard]] const Pixels& frame() const { return frame_; }
    [[nodiscard]] const std::optional<Error>& error() const { return error_; }

  private:
    bool go_to(std::uint32_t index) {
        while (!error_ && index_ < index) {
            Result<Pixels> next = frames_.next();
            if (next) {
                frame_ = std::move(*next);
                ++index_;
            } else {
                error_ = std::move(next).error();
            }
        }
        return !error_ && index_ == index;
    }

    std::mutex mutex_;
    const FrameSequence& frames_;
    Pixels frame_;
    std::uint32_t index_ = 0;
    std::optional<Error> error_;
};

/// libvips is C: no exception may pass through it.
int fill_region(VipsRegion* region, void*, void* rows, void*, gboolean*) noexcept {
    try {
        return static_cast<Rows*>(rows)->fill(region) ? 0 : -1;
    } catch (const std::exception& exception) {
        vips_error("safelight", "%s", exception.what());
        return -1;
    }
}

/// `rows` must outlive the picture.
VipsPicture picture_of(Rows& rows, const AnimationTiming& timing) {
    const Pixels& frame = rows.frame();
    const auto height = static_cast<int>(frame.height_px);
    VipsPicture picture(vips_image_new());
    vips_image_init_fields(picture.get(), static_cast<int>(frame.width_px),
                           height * static_cast<int>(timing.delays_ms.size()),
                           static_cast<int>(frame.channels), VIPS_FORMAT_UCHAR, VIPS_CODING_NONE,
                           frame.channels <= 2 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB, 1, 1);
    std::vector<int> delays_ms;
    for (const std::uint32_t delay_cs : gif_delays_cs(timing))
        delays_ms.push_back(static_cast<int>(delay_cs) * 10);
    vips_image_set_int(picture.get(), VIPS_META_PAGE_HEIGHT, height);
    vips_image_set_array_int(picture.get(), "delay", delays_ms.data(), static_cast<int>(delays_ms.size()));
    vips_image_set_int(picture.get(), "loop", static_cast<int>(timing.plays));
    const bool made = vips_image_pipelinev(picture.get(), VIPS_DEMAND_STYLE_THINSTRIP, nullptr) == 0 &&
                      vips_image_generate(picture.get(), nullptr, fill_region, nullptr, &rows, nullptr) == 0;
    return made ? std::move(picture) : nullptr;
}

}  // namespace

Result<std::vector<std::byte>> write_gif_animation(const FrameSequence& frames, const SaveOptions& options,
                                                   const StopCheck& stop) {
    const VipsThread thread;
    TRY_ASSIGN(Pixels first, frames.next());
    Rows rows(frames, std::move(first));
    const VipsPicture picture = picture_of(rows, frames.timing);
    if (!picture) return vips_failure(ErrorCode::renderer_failed, "The animation could not be encoded.");
    stop_when(picture.get(), stop);
    VipsBytes out;
    const int failed = vips_gifsave_buffer(picture.get(), &out.data, &out.size, "effort",
                                           effort_for(Format::gif, options.effort), nullptr);
    if (failed == 0) {
        const std::span bytes(static_cast<const std::byte*>(out.data), out.size);
        return std::vector(bytes.begin(), bytes.end());
    }
    auto reason = vips_failure(ErrorCode::renderer_failed, "The animation could not be encoded.");
    if (rows.error()) return std::unexpected(*rows.error());
    if (stop && stop()) return failure(ErrorCode::cancelled, "The work was called off.");
    return reason;
}

}  // namespace safelight
