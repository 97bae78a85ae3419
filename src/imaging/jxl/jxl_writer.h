// From pixels to a JPEG XL file, by libjxl on the calling thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "imaging/pixels.h"

namespace safelight {

struct JxlOptions {
    std::uint8_t quality = 80;  // 1–100; 100 is lossless
    bool lossless = false;
    std::uint8_t effort = 5;  // 1–9
};

/// The distance in just-noticeable differences that stands for a quality of 1–99: the mapping that libjxl
/// publishes (JxlEncoderDistanceFromQuality), within the range that its encoder takes.
[[nodiscard]] float jxl_distance(std::uint8_t quality);

/// A bare codestream with nothing but pixels; the same input gives the same bytes. Error: renderer_failed.
[[nodiscard]] Result<std::vector<std::byte>> write_jxl(const Pixels& pixels, const JxlOptions& options);

/// "JPEG XL: libjxl 0.7.0"
[[nodiscard]] std::string jxl_version();

}  // namespace safelight
