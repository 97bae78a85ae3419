#pragma once

#include <string>
#include <vector>

namespace safelight {

/// libvips and the libraries that it decodes and encodes with, as loaded in this process.
[[nodiscard]] std::vector<std::string> vips_versions();

}  // namespace safelight
