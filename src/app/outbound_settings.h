// The rows of the table of settings that are about requests to servers that others have named.
#pragma once

#include <vector>

#include "app/settings.h"

namespace safelight::app {

[[nodiscard]] std::vector<Setting> outbound_settings();

}  // namespace safelight::app
