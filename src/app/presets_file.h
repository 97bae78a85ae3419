// The presets of the configuration.
#pragma once

#include <string>
#include <vector>

#include "app/config.h"
#include "base/result.h"
#include "transform/presets.h"

namespace safelight::app {

/// Built-in presets and those of the configured file, at most presets_file_bytes_max of it. Errors:
/// invalid_argument, one fault for each that the file has, each with the file's name and the pointer into it.
[[nodiscard]] Result<Presets> load_presets(const Config& config);

inline constexpr std::size_t presets_file_bytes_max = 1'000'000;

/// What load_presets finds, and whether the default variants are among the presets; one line for each fault.
[[nodiscard]] std::vector<std::string> preset_faults(const Config& config);

}  // namespace safelight::app
