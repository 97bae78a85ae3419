#include "app/presets_file.h"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <utility>

namespace safelight::app {
namespace {

std::unexpected<Error> unusable(const Config& config, std::string_view why) {
    return invalid({{"", fmt::format("SAFELIGHT_PRESETS is \"{}\": {}", config.presets_file.string(), why)}});
}

Result<std::string> read(const Config& config) {
    std::ifstream file(config.presets_file, std::ios::binary);
    if (!file) return unusable(config, "the file cannot be read.");
    std::string text(presets_file_bytes_max + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    // A folder can be opened, and fails here.
    if (file.bad() || (file.fail() && !file.eof())) return unusable(config, "the file cannot be read.");
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (text.size() > presets_file_bytes_max)
        return unusable(config, fmt::format("the file has more than {} bytes.", presets_file_bytes_max));
    return text;
}

}  // namespace

Result<Presets> load_presets(const Config& config) {
    if (config.presets_file.empty()) return Presets();
    TRY_ASSIGN(const std::string text, read(config));
    auto presets = Presets::parse(text);
    if (presets) return presets;
    Error error = std::move(presets).error();
    for (Fault& fault : error.faults) {
        fault.detail = fmt::format("SAFELIGHT_PRESETS is \"{}\": {}{}{}", config.presets_file.string(),
                                   fault.pointer, fault.pointer.empty() ? "" : ": ", fault.detail);
        fault.pointer.clear();
    }
    return std::unexpected(std::move(error));
}

std::vector<std::string> preset_faults(const Config& config) {
    const auto lines_of = [](const Error& error) {
        std::vector<std::string> lines;
        for (const Fault& fault : error.faults)
            lines.push_back(fault.pointer.empty() ? fault.detail : fault.pointer + ": " + fault.detail);
        return lines;
    };
    const auto presets = load_presets(config);
    if (!presets) return lines_of(presets.error());
    const auto defaults = parse_variants(config.default_variants, *presets, "SAFELIGHT_DEFAULT_VARIANTS");
    return defaults ? std::vector<std::string>{} : lines_of(defaults.error());
}

}  // namespace safelight::app
