// Where the values come from: defaults, then .env, then the environment, then flags; the later one wins.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "app/config.h"
#include "base/result.h"

namespace safelight::app {

using Variables = std::map<std::string, std::string, std::less<>>;  // "SAFELIGHT_…" → value

/// Reads KEY=VALUE lines; '#' begins a comment, quotes around a value are taken off, `export ` before a key
/// is allowed. Errors: invalid_argument, one fault for each malformed line.
[[nodiscard]] Result<Variables> parse_env_file(std::string_view text);

/// The SAFELIGHT_… variables of this process' environment.
[[nodiscard]] Variables read_environment();

struct Sources {
    Variables env_file;
    Variables environment;
    Variables flags;
};

struct Resolved {
    Config config;
    std::map<std::string, std::string, std::less<>>
        origin;                       // variable → "default", ".env", "environment", "flag"
    std::vector<std::string> faults;  // one line each: the variable, what it holds and what it may hold
};

/// Never stops at the first fault. A SAFELIGHT_… name that no setting has is a fault, so that a typo shows.
[[nodiscard]] Resolved resolve(const Sources& sources);

}  // namespace safelight::app
