// `safelight config`: the effective values, .env.example and the documentation, all from the one table.

#include <fmt/format.h>

#include <cstdio>
#include <string_view>

#include "app/backend_urls.h"
#include "app/commands.h"
#include "app/settings.h"

namespace safelight::app {
namespace {

std::string shown_value(const Setting& setting, const Config& config) {
    const std::string value = setting.get(config);
    return setting.secret && !value.empty() ? "***" : without_password(value);
}

void print_effective(const Resolved& resolved) {
    std::string_view section;
    for (const auto& setting : settings()) {
        if (setting.section != section) {
            fmt::print("{}# {}\n", section.empty() ? "" : "\n", setting.section);
            section = setting.section;
        }
        fmt::print("{:<32} {:<24} ({})\n", setting.variable,
                   fmt::format("\"{}\"", shown_value(setting, resolved.config)),
                   resolved.origin.at(setting.variable));
    }
}

void print_env_example() {
    fmt::print(
        "# Safelight's settings with their defaults. Copy to .env and change what you need.\n"
        "# Made by `safelight config --env-example`; a test keeps it so.\n");
    std::string_view section;
    const Config defaults;
    for (const auto& setting : settings()) {
        if (setting.section != section) fmt::print("\n## {}\n", section = setting.section);
        fmt::print("\n# {}\n# It may be {}.\n#{}={}\n", setting.help, setting.accepts, setting.variable,
                   setting.get(defaults));
    }
}

void print_documentation() {
    fmt::print(
        "# Configuration\n\n"
        "Every setting is a variable in `.env`, a variable of the environment, and a flag of `safelight "
        "serve`; the\n"
        "later one wins. `safelight config` shows the effective values and where each comes from. A bad "
        "value stops\n"
        "the start with one line per fault.\n\n"
        "This page is made by `safelight config --documentation`; a test keeps it so.\n");
    std::string_view section;
    const Config defaults;
    for (const auto& setting : settings()) {
        if (setting.section != section) {
            fmt::print("\n## {}\n\n| variable, flag | default | what it is |\n|---|---|---|\n",
                       section = setting.section);
        }
        const std::string value = setting.get(defaults);
        fmt::print("| `{}` <br> `{}` | {} | {} It may be {}. |\n", setting.variable, setting.flag(),
                   value.empty() ? "–" : fmt::format("`{}`", value), setting.help, setting.accepts);
    }
}

}  // namespace

int run_config(const Resolved& resolved, ConfigView view) {
    switch (view) {
        case ConfigView::effective:
            print_effective(resolved);
            break;
        case ConfigView::env_example:
            print_env_example();
            break;
        case ConfigView::documentation:
            print_documentation();
            break;
    }
    return 0;
}

}  // namespace safelight::app
