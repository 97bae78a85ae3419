#include "imaging/vips/load.h"

#include <utility>

#include "imaging/bmp/bmp_reader.h"
#include "imaging/jxl/jxl_reader.h"
#include "imaging/vips/memory_picture.h"
#include "imaging/vips/svg.h"

namespace safelight {
namespace {

/// What a reader that is not libvips' makes of the whole picture.
Result<VipsPicture> in_memory(Result<RawPicture> raw) {
    if (!raw) return forward(std::move(raw));
    return picture_in_memory(*std::move(raw));
}

int call_loader(Format format, void* data, std::size_t size, int jpeg_shrink, VipsImage** out) {
    constexpr auto fail_on = VIPS_FAIL_ON_TRUNCATED;
    constexpr auto access = VIPS_ACCESS_SEQUENTIAL;
    switch (format) {
        case Format::jpeg:
            return vips_jpegload_buffer(data, size, out, "fail_on", fail_on, "access", access, "shrink",
                                        jpeg_shrink, nullptr);
        case Format::png:
            return vips_pngload_buffer(data, size, out, "fail_on", fail_on, "access", access, nullptr);
        case Format::gif:
            return vips_gifload_buffer(data, size, out, "fail_on", fail_on, "access", access, nullptr);
        case Format::webp:
            return vips_webpload_buffer(data, size, out, "fail_on", fail_on, "access", access, nullptr);
        case Format::tiff:
            return vips_tiffload_buffer(data, size, out, "fail_on", fail_on, "access", access, nullptr);
        case Format::avif:
        case Format::heic:
            return vips_heifload_buffer(data, size, out, "fail_on", fail_on, "access", access, nullptr);
        case Format::jxl:
        case Format::bmp:
        case Format::svg:
            break;  // not here
    }
    return -1;
}

}  // namespace

Result<VipsPicture> load_picture(std::span<const std::byte> bytes, Format format, int jpeg_shrink) {
    if (format == Format::jxl) return in_memory(read_jxl(bytes));
    if (format == Format::bmp) return in_memory(read_bmp(bytes));
    if (format == Format::svg) return draw_svg(bytes, 1);
    VipsImage* out = nullptr;
    // libvips does not write to it; the parameter is not const.
    void* data = const_cast<std::byte*>(bytes.data());
    if (call_loader(format, data, bytes.size(), jpeg_shrink, &out) != 0) {
        return vips_failure(ErrorCode::invalid_image, "The picture cannot be decoded.");
    }
    return VipsPicture(out);
}

}  // namespace safelight
