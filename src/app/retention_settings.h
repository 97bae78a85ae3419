// The rows of the table of settings that are about how long images and variants are kept.
#pragma once

#include <vector>

#include "app/settings.h"

namespace safelight::app {

[[nodiscard]] std::vector<Setting> retention_settings();

}  // namespace safelight::app
