// The command line: which command, with which configuration.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "app/allocator.h"
#include "app/commands.h"
#include "app/presets_file.h"
#include "app/settings.h"
#include "app/version.h"
#include "app/wiring.h"
#include "base/units.h"
#include "renderer/program/renderer_program.h"

namespace safelight::app {
namespace {

constexpr int exit_usage = 2;
const std::vector<std::string> every_section{"Server",        "Storage", "Pictures",
                                             "Other servers", "Workers", "Logs"};

/// Gives `command` a flag for each setting of `sections`; what is given lands in `flags`.
void add_setting_flags(CLI::App& command, const std::vector<std::string>& sections, Variables& flags) {
    for (const auto& setting : settings()) {
        if (std::find(sections.begin(), sections.end(), setting.section) == sections.end()) continue;
        command
            .add_option_function<std::string>(
                setting.flag(),
                [&flags, name = setting.variable](const std::string& value) { flags[name] = value; },
                fmt::format("{} ({})", setting.help, setting.accepts))
            ->default_str(setting.get(Config{}))
            ->type_name("")
            ->group(setting.section);
    }
}

Result<Variables> read_env_file() {
    std::ifstream file(".env", std::ios::binary);
    if (!file) return Variables{};
    return parse_env_file(std::string(std::istreambuf_iterator<char>(file), {}));
}

void print_fault(const std::string& fault) {
    fmt::print(stderr, "safelight: {}\n", fault);
}

/// The commands with their options, as the user gave them.
struct CommandLine {
    CLI::App app{"Safelight keeps original pictures for ever and makes their variants in the background."};
    Variables flags;
    ProcessOptions process;
    MigrateDirection direction = MigrateDirection::status;
    unsigned steps = 1;
    ConfigView view = ConfigView::effective;
    ReconcileCommand reconcile;
    RerenderOptions rerender;
    std::string grace = "1 h";
    AccountOptions account;
    KeyOptions key;
    std::string key_expires;
    std::string key_grace = "0 s";
    CLI::App* serve_command = nullptr;
    CLI::App* worker_command = nullptr;
    CLI::App* process_command = nullptr;
    CLI::App* migrate_command = nullptr;
    CLI::App* config_command = nullptr;
    CLI::App* doctor_command = nullptr;
    CLI::App* reconcile_command = nullptr;
    CLI::App* presets_command = nullptr;
    CLI::App* rerender_command = nullptr;
    CLI::App* account_command = nullptr;
    CLI::App* key_command = nullptr;
    CLI::App* version_command = nullptr;

    CommandLine() {
        app.name("safelight");
        app.require_subcommand(1);
        app.footer(
            "Settings come from .env, the environment (SAFELIGHT_…) and flags; the later one wins.\n"
            "`safelight COMMAND --help` tells more; `safelight config` shows every setting.");
        app.set_version_flag("--version", std::string("safelight ") + std::string(version));
        app.get_formatter()->column_width(36);
        add_serve();
        add_worker();
        add_process();
        add_migrate();
        add_config();
        add_doctor();
        add_reconcile();
        add_presets();
        add_account();
        add_key();
        version_command = app.add_subcommand("version", "The versions of Safelight and of every codec.");
    }

    void add_serve() {
        serve_command =
            app.add_subcommand("serve", "Starts the server, with its workers, until SIGTERM or SIGINT.");
        add_setting_flags(*serve_command, every_section, flags);
    }

    void add_worker() {
        worker_command = app.add_subcommand(
            "worker", "Works on jobs, with no API: beside `serve --workers 0`, on any number of machines.");
        add_setting_flags(*worker_command, every_section, flags);
    }

    void add_process() {
        process_command = app.add_subcommand(
            "process", "Makes variants of files and folders, with no server: the same pipeline.");
        process_command->add_option("inputs", process.inputs, "Pictures, and folders of pictures")
            ->required()
            ->type_name("FILE|FOLDER");
        process_command->add_option("--out", process.out, "Where the variants are written")
            ->required()
            ->type_name("FOLDER");
        process_command
            ->add_option("--variants", process.variants, "Preset names, or a JSON list as in the API")
            ->type_name("LIST");
        process_command
            ->add_option("--jobs", process.jobs, "Pictures at the same time; 0: one for each processor")
            ->type_name("N");
        add_setting_flags(*process_command, {"Pictures"}, flags);
    }

    void add_migrate() {
        migrate_command = app.add_subcommand("migrate", "Brings the catalog's schema up to date, or back.");
        migrate_command->require_subcommand(1);
        migrate_command->add_subcommand("status", "What version the catalog has, and what is to be applied.")
            ->parse_complete_callback([this] { direction = MigrateDirection::status; });
        migrate_command->add_subcommand("up", "Applies what is missing.")->parse_complete_callback([this] {
            direction = MigrateDirection::up;
        });
        auto* down = migrate_command->add_subcommand("down", "Undoes the newest migrations.");
        down->add_option("--steps", steps, "How many")->type_name("N")->check(CLI::Range(1U, 1'000U));
        down->parse_complete_callback([this] { direction = MigrateDirection::down; });
        add_setting_flags(*migrate_command, {"Storage"}, flags);
        migrate_command->fallthrough();
    }

    void add_config() {
        config_command =
            app.add_subcommand("config", "Shows every setting: its value, and where the value comes from.");
        config_command->add_flag_callback(
            "--env-example", [this] { view = ConfigView::env_example; }, "Prints .env.example");
        config_command->add_flag_callback(
            "--documentation", [this] { view = ConfigView::documentation; }, "Prints docs/configuration.md");
        add_setting_flags(*config_command, every_section, flags);
    }

    void add_doctor() {
        doctor_command = app.add_subcommand(
            "doctor",
            "Looks whether everything that is configured works, and says how to mend what does not.");
        add_setting_flags(*doctor_command, every_section, flags);
    }

    void add_reconcile() {
        reconcile_command = app.add_subcommand(
            "reconcile",
            "Compares the blob store with the catalog, both ways; changes nothing unless told to.");
        reconcile_command->add_flag("--repair", reconcile.repair, "Removes what nothing refers to");
        reconcile_command->add_flag("--verify", reconcile.verify, "Reads and hashes every blob");
        reconcile_command->add_option("--grace", grace, "Unknown blobs younger than this are left alone")
            ->capture_default_str()
            ->type_name("TIME");
        add_setting_flags(*reconcile_command, {"Storage"}, flags);
    }

    void add_presets() {
        presets_command =
            app.add_subcommand("presets", "Shows the presets; makes the variants of a changed one again.");
        presets_command->require_subcommand(1);
        presets_command
            ->fallthrough();  // settings may stand behind `list` and `rerender`, which inherit this
        presets_command->add_subcommand("list", "Every preset with its version and its compact spelling.");
        rerender_command = presets_command->add_subcommand(
            "rerender",
            "Queues the ready variants of a preset's name that were made by another transform, to be made "
            "again by "
            "the workers of the server when no job waits. May be interrupted, and run again to go on.");
        rerender_command->add_option("name", rerender.name, "The preset")->required()->type_name("NAME");
        rerender_command->add_flag("--dry-run", rerender.dry_run, "Says what would be made again");
        rerender_command->add_flag(
            "--wait", rerender.wait,
            "Shows the progress until all are made; at most a batch is queued at a time");
        rerender_command->add_flag("--retry-failed", rerender.failed_again,
                                   "Tries those once more that could not be made");
        rerender_command->add_option("--batch", rerender.batch, "Variants in one transaction")
            ->capture_default_str()
            ->type_name("N")
            ->check(CLI::Range(1U, 10'000U));
        rerender_command
            ->add_option("--rate", rerender.per_second, "Variants queued in a second; 0: no limit")
            ->capture_default_str()
            ->type_name("N")
            ->check(CLI::Range(0U, 1'000'000U));
        add_setting_flags(*presets_command, {"Storage", "Pictures"}, flags);
    }

    void add_account() {
        account_command =
            app.add_subcommand("account", "Makes and lists accounts: who owns images and keys.");
        account_command->require_subcommand(1);
        account_command->fallthrough();
        auto* create = account_command->add_subcommand("create", "Makes an account.");
        create->add_option("name", account.name, "Its name; no two have the same")
            ->required()
            ->type_name("NAME");
        create->parse_complete_callback([this] { account.action = AccountAction::create; });
        account_command->add_subcommand("list", "Every account.");
        auto* quotas = account_command->add_subcommand(
            "quotas", "What an account may have and do, what it has, and changes to the first.");
        quotas->add_option("name", account.name, "The account's name")->required()->type_name("NAME");
        quotas->parse_complete_callback([this] { account.action = AccountAction::quotas; });
        auto* retention = account_command->add_subcommand(
            "retention", "How long an account keeps images, and variants that nobody reads; and changes.");
        retention->add_option("name", account.name, "The account's name")->required()->type_name("NAME");
        retention->parse_complete_callback([this] { account.action = AccountAction::retention; });
        for (auto* command : {create, retention}) {
            command
                ->add_option("--rule", account.rules,
                             "delete_images_after_days or expire_variants_after_days, such as "
                             "delete_images_after_days=30; 0: for ever, default: the server's; may be given "
                             "again")
                ->type_name("NAME=DAYS");
        }
        for (auto* command : {create, quotas}) {
            command
                ->add_option(
                    "--quota", account.quotas,
                    "stored_bytes, images, uploads_per_minute, concurrent_uploads or pixels_per_day, "
                    "such as images=1000 or \"stored_bytes=10 GB\"; 0: no limit, default: the "
                    "server's; may be given again")
                ->type_name("NAME=VALUE");
        }
        add_setting_flags(*account_command, {"Storage", "Quotas", "Retention"}, flags);
    }

    void add_key() {
        key_command = app.add_subcommand(
            "key", "Makes, lists, revokes and rotates API keys, for a server with SAFELIGHT_ACCESS=keys.");
        key_command->require_subcommand(1);
        key_command->fallthrough();
        const auto add_action = [this](const char* name, const char* help, KeyAction action) {
            auto* command = key_command->add_subcommand(name, help);
            command->parse_complete_callback([this, action] { key.action = action; });
            return command;
        };
        auto* create = add_action("create", "Makes a key, and shows it this once.", KeyAction::create);
        create->add_option("name", key.name, "What it is for")->required()->type_name("NAME");
        create->add_option("--account", key.account, "Whose it is (default: \"default\")")->type_name("NAME");
        create->add_option("--scope", key.scopes, "images:read, images:write or admin; may be given again")
            ->required()
            ->type_name("SCOPE");
        create->add_option("--expires", key_expires, "For how long it is valid, e.g. 90 d")
            ->type_name("TIME");
        auto* list = add_action("list", "Every key, without its secret.", KeyAction::list);
        list->add_option("--account", key.account, "Of this account alone")->type_name("NAME");
        auto* revoke = add_action("revoke", "Has a key refused from now on.", KeyAction::revoke);
        revoke->add_option("id", key.id, "The key's id")->required()->type_name("ID");
        auto* rotate = add_action("rotate", "Makes a new key in an old one's place.", KeyAction::rotate);
        rotate->add_option("id", key.id, "The old key's id")->required()->type_name("ID");
        rotate->add_option("--grace", key_grace, "For how long the old one stays valid")
            ->capture_default_str()
            ->type_name("TIME");
        add_setting_flags(*key_command, {"Storage"}, flags);
    }

    /// Whether the presets have to be in order for what was asked.
    [[nodiscard]] bool needs_presets() const {
        return serve_command->parsed() || process_command->parsed() || config_command->parsed() ||
               presets_command->parsed();
    }
};

/// A time that was given as an option, into `time`.
bool read_time(const char* option, const std::string& text, Milliseconds& time) {
    const auto parsed = parse_duration(text);
    if (parsed) {
        time = *parsed;
        return true;
    }
    print_fault(fmt::format("{} is \"{}\"; it may be a time in ms, s, m, h or d.", option, text));
    return false;
}

int run_key_command(CommandLine& line, const Config& config) {
    if (!line.key_expires.empty() && !read_time("--expires", line.key_expires, line.key.valid_for.emplace()))
        return exit_usage;
    if (!read_time("--grace", line.key_grace, line.key.grace)) return exit_usage;
    if (line.key.action == KeyAction::create && line.key.account.empty()) line.key.account = "default";
    return run_key(config, line.key);
}

int dispatch(CommandLine& line, const Resolved& resolved) {
    const Config& config = resolved.config;
    if (line.serve_command->parsed()) return run_serve(config);
    if (line.worker_command->parsed()) return run_worker(config);
    if (line.process_command->parsed()) return run_process(config, line.process);
    if (line.migrate_command->parsed()) return run_migrate(config, line.direction, line.steps);
    if (line.doctor_command->parsed()) return run_doctor(config);
    if (line.reconcile_command->parsed()) {
        if (!read_time("--grace", line.grace, line.reconcile.grace)) return exit_usage;
        return run_reconcile(config, line.reconcile);
    }
    if (line.rerender_command->parsed()) return run_presets_rerender(config, line.rerender);
    if (line.presets_command->parsed()) return run_presets_list(config);
    if (line.account_command->parsed()) return run_account(config, line.account);
    if (line.key_command->parsed()) return run_key_command(line, config);
    return run_version(config);
}

int run(int argc, char** argv) {
    CommandLine line;
    try {
        line.app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return line.app.exit(error) == 0 ? 0 : exit_usage;
    }
    auto env_file = read_env_file();
    if (!env_file) {
        for (const auto& fault : env_file.error().faults) print_fault(fault.detail);
        return exit_usage;
    }
    Resolved resolved = resolve({*std::move(env_file), read_environment(), line.flags});
    if (line.needs_presets()) {
        for (std::string& fault : preset_faults(resolved.config)) resolved.faults.push_back(std::move(fault));
    }
    for (const auto& fault : resolved.faults) print_fault(fault);
    if (line.config_command->parsed()) {
        const int shown = run_config(resolved, line.view);
        return resolved.faults.empty() ? shown : exit_usage;
    }
    return resolved.faults.empty() ? dispatch(line, resolved) : exit_usage;
}

}  // namespace
}  // namespace safelight::app

int main(int argc, char** argv) {
    safelight::app::tune_allocator();
    if (argc == 2 && std::string_view(argv[1]) == safelight::app::renderer_command) {
        // No destructors of libraries: they would want what the process gave up.
        std::_Exit(safelight::run_renderer_program(safelight::Descriptor(safelight::renderer_socket)));
    }
    try {
        return safelight::app::run(argc, argv);
    } catch (const std::system_error& error) {
        const bool is_short = error.code() == std::errc::resource_unavailable_try_again;
        std::fprintf(stderr, "safelight: %s%s\n", is_short ? "A thread could not be started: " : "",
                     error.what());
        if (is_short)
            std::fputs("safelight: (processes and threads are limited: pids.max, TasksMax, ulimit -u)\n",
                       stderr);
        return 1;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "safelight: %s\n", error.what());
        return 1;
    }
}
