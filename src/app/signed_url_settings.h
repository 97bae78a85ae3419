// The rows of the table of settings that are about signed URLs.
#pragma once

#include <vector>

#include "app/settings.h"

namespace safelight::app {

[[nodiscard]] std::vector<Setting> signed_url_settings();

}  // namespace safelight::app
