// The rows of the table of settings that are about tokens (JWT).
#pragma once

#include <vector>

#include "app/settings.h"

namespace safelight::app {

[[nodiscard]] std::vector<Setting> token_settings();

}  // namespace safelight::app
