// `safelight version`.

#include <fmt/format.h>

#include <cstdio>
#include <string>

#include "app/commands.h"
#include "app/version.h"
#include "renderer/direct/direct_renderer.h"

namespace safelight::app {
namespace {

std::string names_of(const std::vector<FormatSupport>& formats, bool FormatSupport::* member) {
    std::string names;
    for (const FormatSupport& support : formats) {
        if (support.*member) names += fmt::format("{}{}", names.empty() ? "" : ", ", name_of(support.format));
    }
    return names;
}

}  // namespace

int run_version(const Config& config) {
    fmt::print("safelight {}\n", version);
    // No picture is decoded: no renderer process is needed.
    const auto renderer = make_direct_renderer({.limits = config.image});
    for (const auto& line : renderer->versions()) fmt::print("{}\n", line);
    const auto formats = renderer->formats();
    fmt::print("reads: {}\n", names_of(formats, &FormatSupport::reads));
    fmt::print("writes: {}\n", names_of(formats, &FormatSupport::writes));
    return 0;
}

}  // namespace safelight::app
