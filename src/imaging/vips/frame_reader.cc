#include "imaging/vips/frame_reader.h"

#include <algorithm>
#include <vector>

#include "imaging/resample/resampler.h"
#include "imaging/vips/colour.h"

namespace safelight {
namespace {

constexpr std::uint32_t rows_at_once = 16;
constexpr int all_pages = -1;

struct VipsRegionRelease {
    void operator()(VipsRegion* region) const { g_object_unref(region); }
};

std::uint32_t side(int value) {
    return static_cast<std::uint32_t>(std::max(value, 0));
}

Result<VipsPicture> load_frames(std::span<const std::byte> bytes, Format format) {
    VipsImage* out = nullptr;
    // libvips does not write to it; the parameter is not const.
    void* data = const_cast<std::byte*>(bytes.data());
    const int failed =
        format == Format::gif
            ? vips_gifload_buffer(data, bytes.size(), &out, "n", all_pages, "fail_on", VIPS_FAIL_ON_TRUNCATED,
                                  "access", VIPS_ACCESS_SEQUENTIAL, nullptr)
            : vips_webpload_buffer(data, bytes.size(), &out, "n", all_pages, "fail_on",
                                   VIPS_FAIL_ON_TRUNCATED, "access", VIPS_ACCESS_SEQUENTIAL, nullptr);
    if (failed != 0) return vips_failure(ErrorCode::invalid_image, "The animation cannot be decoded.");
    return VipsPicture(out);
}

/// libvips says delays in milliseconds and loops as the number of plays, whatever the format.
AnimationTiming timing_of(VipsImage* picture, std::uint32_t frames) {
    AnimationTiming timing;
    int* delays = nullptr;
    int count = 0;
    if (vips_image_get_typeof(picture, "delay") != 0)
        vips_image_get_array_int(picture, "delay", &delays, &count);
    for (int i = 0; i < count && timing.delays_ms.size() < frames; ++i)
        timing.delays_ms.push_back(side(delays[i]));
    timing.delays_ms.resize(frames);
    int plays = 0;
    if (vips_image_get_typeof(picture, "loop") != 0) vips_image_get_int(picture, "loop", &plays);
    timing.plays = side(plays);
    return timing;
}

std::unexpected<Error> decode_failure(VipsImage* picture) {
    if (vips_image_iskilled(picture)) return vips_failure(ErrorCode::cancelled, "The work was called off.");
    return vips_failure(ErrorCode::invalid_image, "A frame of the animation cannot be decoded.");
}

}  // namespace

FrameReader::FrameReader(VipsPicture picture, Gamut gamut, AnimationTiming timing, const ImageFacts& facts,
                         const StopCheck& stop)
    : picture_(std::move(picture)),
      gamut_(gamut),
      timing_(std::move(timing)),
      canvas_width_px_(facts.width_px),
      canvas_height_px_(facts.height_px),
      stop_(&stop) {
    if (swaps_sides(facts.orientation)) std::swap(canvas_width_px_, canvas_height_px_);
}

Result<FrameReader> FrameReader::open(std::span<const std::byte> bytes, const ImageFacts& facts, Icc icc,
                                      const StopCheck& stop) {
    TRY_ASSIGN(VipsPicture loaded, load_frames(bytes, facts.format));
    stop_when(loaded.get(), stop);
    const auto frames = side(vips_image_get_n_pages(loaded.get()));
    AnimationTiming timing = timing_of(loaded.get(), frames);
    const Gamut gamut = gamut_for(loaded.get(), icc);
    TRY_ASSIGN(VipsPicture picture, to_gamut(std::move(loaded), gamut));
    FrameReader reader(std::move(picture), gamut, std::move(timing), facts, stop);
    const auto page_width = side(vips_image_get_width(reader.picture_.get()));
    const auto page_height = side(vips_image_get_page_height(reader.picture_.get()));
    const auto all_height = side(vips_image_get_height(reader.picture_.get()));
    const bool has_frames = frames > 0 && frames <= facts.frames && all_height / frames == page_height &&
                            all_height % frames == 0;
    // libvips takes some canvases of GIFs for a mistake, and shows the frames' extent alone.
    const bool fits = page_width <= reader.canvas_width_px_ && page_height <= reader.canvas_height_px_;
    const bool is_same = page_width == reader.canvas_width_px_ && page_height == reader.canvas_height_px_;
    if (has_frames && (is_same || (fits && facts.format == Format::gif))) return reader;
    return failure(ErrorCode::invalid_image, "The animation is damaged.",
                   "its frames are others than its header says");
}

Result<Pixels> FrameReader::next(const Plan& plan) {
    Resampler resampler(canvas_width_px_, canvas_height_px_, side(vips_image_get_bands(picture_.get())),
                        plan);
    TRY(push_page(resampler));
    ++frame_;
    Pixels pixels = resampler.take();
    pixels.gamut = gamut_;
    return pixels;
}

Status FrameReader::push_page(Resampler& resampler) {
    VipsImage* picture = picture_.get();
    const auto page_height = side(vips_image_get_page_height(picture));
    const std::size_t pixel_bytes = side(vips_image_get_bands(picture));
    const std::size_t page_bytes = side(vips_image_get_width(picture)) * pixel_bytes;
    std::vector<std::uint8_t> row(canvas_width_px_ * pixel_bytes);
    // A region belongs to the thread that made it.
    const std::unique_ptr<VipsRegion, VipsRegionRelease> region(vips_region_new(picture));
    for (std::uint32_t y = 0; y < page_height; ++y) {
        const auto at = static_cast<int>(frame_ * page_height + y);
        if (y % rows_at_once == 0) {
            if (*stop_ && (*stop_)()) return failure(ErrorCode::cancelled, "The work was called off.");
            const VipsRect strip{0, at, vips_image_get_width(picture),
                                 static_cast<int>(std::min(rows_at_once, page_height - y))};
            if (vips_region_prepare(region.get(), &strip) != 0) return decode_failure(picture);
        }
        std::copy_n(reinterpret_cast<const std::uint8_t*>(VIPS_REGION_ADDR(region.get(), 0, at)), page_bytes,
                    row.data());
        resampler.push_rows(row.data(), row.size(), 1);
    }
    std::ranges::fill(row, std::uint8_t{0});
    for (std::uint32_t y = page_height; y < canvas_height_px_; ++y)
        resampler.push_rows(row.data(), row.size(), 1);
    return {};
}

}  // namespace safelight
