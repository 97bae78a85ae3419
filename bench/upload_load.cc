// Uploads pictures to an image server, waits for their jobs, and tells how fast it was. See README.md.

#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <cstdio>
#include <fstream>

#include "bench/load/measurement.h"
#include "bench/load/options.h"

namespace safelight::bench {
namespace {

int report(const Error& error) {
    fmt::print(stderr, "upload_load: {}\n", error.public_text);
    return 1;
}

Status write_file(const std::string& path, const std::string& bytes) {
    std::ofstream file(path, std::ios::binary);
    file << bytes << std::flush;
    if (!file) return failure(ErrorCode::invalid_argument, fmt::format("{} cannot be written.", path));
    return {};
}

Status write_result(const Options& options, const Measurement& measurement) {
    const std::string json = boost::json::serialize(to_json(measurement)) + "\n";
    // With the JSON on the standard output, the table keeps out of its way.
    if (!options.is_quiet) fmt::print(options.json == "-" ? stderr : stdout, "{}", to_table(measurement));
    if (options.json == "-") {
        fmt::print("{}", json);
    } else if (!options.json.empty()) {
        return write_file(options.json, json);
    }
    return {};
}

int run(const Options& options) {
    auto picture = wanted_picture(options);
    if (!picture) return report(picture.error());
    if (!options.write_picture.empty()) {
        const Status written = write_file(options.write_picture, picture->bytes);
        return written ? 0 : report(written.error());
    }
    const auto measurement = measure(options, *std::move(picture));
    if (!measurement) return report(measurement.error());
    if (const Status written = write_result(options, *measurement); !written) return report(written.error());
    return measurement->errors == 0 && measurement->failed_jobs == 0 ? 0 : 1;
}

}  // namespace
}  // namespace safelight::bench

int main(int argc, char** argv) {
    const auto parsed = safelight::bench::parse_options(argc, argv);
    return parsed.options ? safelight::bench::run(*parsed.options) : parsed.exit_code;
}
