#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace safelight {

/// The ICC profile of a JPEG, put together from its APP2 segments; empty when there is none or parts are
/// missing.
[[nodiscard]] std::vector<std::byte> jpeg_icc_profile(std::span<const std::byte> file);

}  // namespace safelight
