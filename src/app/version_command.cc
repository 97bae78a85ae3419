// `safelight version`.

#include <fmt/format.h>

#include <cstdio>

#include "app/commands.h"
#include "app/version.h"
#include "renderer/direct/direct_renderer.h"

namespace safelight::app {

int run_version() {
    fmt::print("safelight {}\n", version);
    // No picture is decoded: no renderer process is needed.
    for (const auto& line : make_direct_renderer({})->versions()) fmt::print("{}\n", line);
    return 0;
}

}  // namespace safelight::app
