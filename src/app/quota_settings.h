// The rows of the table of settings that are about what accounts may have and do.
#pragma once

#include <vector>

#include "app/settings.h"

namespace safelight::app {

[[nodiscard]] std::vector<Setting> quota_settings();

}  // namespace safelight::app
