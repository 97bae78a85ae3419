// `safelight migrate up|down|status`.

#include <fmt/format.h>

#include <cstdio>

#include "app/commands.h"
#include "app/wiring.h"

namespace safelight::app {
namespace {

int print_applied(const Result<std::vector<std::string>>& names, const char* verb) {
    if (!names) return report(names.error());
    for (const auto& name : *names) fmt::print("{} {}\n", verb, name);
    if (names->empty()) fmt::print("nothing to do\n");
    return 0;
}

int print_status(Migrator& migrator) {
    const auto status = migrator.status();
    if (!status) return report(status.error());
    fmt::print("version {} of {}\n", status->version, status->newest_version);
    if (status->version > status->newest_version)
        fmt::print("newer than this program, and compatible with those that know version {}\n",
                   status->compatible_from);
    for (const auto& name : status->pending) fmt::print("pending {}\n", name);
    return 0;
}

}  // namespace

int run_migrate(const Config& config, MigrateDirection direction, unsigned steps) {
    const SystemClock clock;
    if (const auto made = make_data_folder(config); !made) return report(made.error());
    const auto migrator = open_migrator(config, clock);
    if (!migrator) return report(migrator.error());
    switch (direction) {
        case MigrateDirection::up:
            if (const auto made = make_bucket(config, clock); !made) return report(made.error());
            return print_applied((*migrator)->up(), "applied");
        case MigrateDirection::down:
            return print_applied((*migrator)->down(steps), "undone");
        case MigrateDirection::status:
            return print_status(**migrator);
    }
    return 2;
}

}  // namespace safelight::app
