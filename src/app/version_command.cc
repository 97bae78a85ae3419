// `safelight version`.

#include <fmt/format.h>

#include <cstdio>

#include "app/commands.h"
#include "app/version.h"
#include "app/wiring.h"

namespace safelight::app {

int run_version(const Config& config) {
    fmt::print("safelight {}\n", version);
    for (const auto& line : make_renderer(config)->versions()) fmt::print("{}\n", line);
    return 0;
}

}  // namespace safelight::app
