// What the program can do. Each command takes the effective configuration and returns the exit code: 0
// success, 1 the work failed or found something, 2 the command was not understood or the configuration is
// wrong.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/config_sources.h"
#include "base/clock.h"
#include "service/rerendering.h"

namespace safelight::app {

/// Serves until SIGTERM or SIGINT, then drains. A second signal ends the process at once.
[[nodiscard]] int run_serve(const Config& config);

/// Works on jobs, with no API, until SIGTERM or SIGINT; then gives back what it holds. As many as there are
/// may share a catalog, a queue and a store with `serve`.
[[nodiscard]] int run_worker(const Config& config);

struct ProcessOptions {
    std::vector<std::filesystem::path> inputs;  // files and folders
    std::filesystem::path out;
    std::string variants;  // as in the API; empty: the configured default
    unsigned jobs = 0;     // at the same time; 0: one for each processor
};
[[nodiscard]] int run_process(const Config& config, const ProcessOptions& options);

enum class MigrateDirection { up, down, status };
[[nodiscard]] int run_migrate(const Config& config, MigrateDirection direction, unsigned steps);

enum class ConfigView { effective, env_example, documentation };
[[nodiscard]] int run_config(const Resolved& resolved, ConfigView view);

struct ReconcileCommand {
    bool repair = false;
    bool verify = false;
    Milliseconds grace{3'600'000};
};
[[nodiscard]] int run_reconcile(const Config& config, const ReconcileCommand& options);

[[nodiscard]] int run_presets_list(const Config& config);
/// `options` without `wanted`, which the preset of that name gives. SIGTERM and SIGINT end it between
/// batches.
[[nodiscard]] int run_presets_rerender(const Config& config, RerenderOptions options);

enum class AccountAction { create, list, quotas, retention };

struct AccountOptions {
    AccountAction action = AccountAction::list;
    std::string name;                 // of the one to be made, or changed
    std::vector<std::string> quotas;  // "images=1000", "stored_bytes=10 GB", "images=default"
    std::vector<std::string> rules;   // "delete_images_after_days=30", …
};
[[nodiscard]] int run_account(const Config& config, const AccountOptions& options);

enum class KeyAction { create, list, revoke, rotate };

struct KeyOptions {
    KeyAction action = KeyAction::list;
    std::string account;                    // by name; empty, for the list: of all accounts
    std::string name;                       // of the key
    std::vector<std::string> scopes;        // "images:read", …
    std::optional<Milliseconds> valid_for;  // empty: for ever
    std::string id;
    Milliseconds grace{0};
};
[[nodiscard]] int run_key(const Config& config, const KeyOptions& options);

/// Looks at every part that is configured, and says in words what is wrong and how to mend it.
[[nodiscard]] int run_doctor(const Config& config);

[[nodiscard]] int run_version(const Config& config);

}  // namespace safelight::app
