#include "app/config_sources.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "app/backend_urls.h"
#include "app/settings.h"
#include "base/text.h"

namespace safelight::app {
namespace {

constexpr std::string_view prefix = "SAFELIGHT_";

// Read by the system tests and the build, not by the program.
constexpr std::array<std::string_view, 2> foreign{"SAFELIGHT_BINARY", "SAFELIGHT_IMAGES"};

std::string_view without_quotes(std::string_view value) {
    if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') &&
        value.back() == value.front()) {
        return value.substr(1, value.size() - 2);
    }
    return value;
}

}  // namespace

Result<Variables> parse_env_file(std::string_view text) {
    Variables variables;
    std::vector<Fault> faults;
    for (int line_number = 1; !text.empty(); ++line_number) {
        const auto end = text.find('\n');
        std::string_view line = trim(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (line.empty() || line.starts_with('#')) continue;
        if (line.starts_with("export ")) line = trim(line.substr(7));
        const auto equals = line.find('=');
        if (equals == std::string_view::npos || equals == 0) {
            faults.push_back({"", fmt::format(".env line {}: this is not NAME=value.", line_number)});
            continue;
        }
        variables[std::string(trim(line.substr(0, equals)))] = without_quotes(trim(line.substr(equals + 1)));
    }
    if (!faults.empty()) return invalid(std::move(faults));
    return variables;
}

Variables read_environment() {
    Variables variables;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text = *entry;
        const auto equals = text.find('=');
        if (!text.starts_with(prefix) || equals == std::string_view::npos) continue;
        variables[std::string(text.substr(0, equals))] = text.substr(equals + 1);
    }
    return variables;
}

Resolved resolve(const Sources& sources) {
    Resolved resolved;
    for (const auto& setting : settings()) resolved.origin[setting.variable] = "default";

    const std::array<std::pair<std::string_view, const Variables*>, 3> layers{
        {{".env", &sources.env_file}, {"environment", &sources.environment}, {"flag", &sources.flags}}};
    for (const auto& [origin, variables] : layers) {
        for (const auto& [name, value] : *variables) {
            const auto all = settings();
            const auto setting = std::ranges::find(all, name, &Setting::variable);
            if (setting == all.end()) {
                if (!name.starts_with(prefix) || std::ranges::find(foreign, name) != foreign.end()) continue;
                resolved.faults.push_back(
                    fmt::format("{} ({}) is no setting of this version.", name, origin));
                continue;
            }
            if (!setting->set(resolved.config, value)) {
                resolved.faults.push_back(fmt::format("{} ({}) is \"{}\"; it may be {}.", name, origin,
                                                      setting->secret ? "***" : without_password(value),
                                                      setting->accepts));
                continue;
            }
            resolved.origin[name] = origin;
        }
    }
    if (resolved.faults.empty()) resolved.faults = faults_of(resolved.config);
    return resolved;
}

}  // namespace safelight::app
