// The command line of the load client.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "bench/load/job_follower.h"
#include "bench/load/picture.h"
#include "bench/load/process_usage.h"
#include "bench/load/upload_request.h"

namespace safelight::bench {

struct Options {
    // The server.
    std::string url = "http://127.0.0.1:8080/v1/jobs";
    std::string status_url;  // empty: the URL's path and "/{id}"
    std::string field = "file";
    std::optional<std::string> variants;
    std::string status_path = "status";
    std::string done = "PROCESSED,COMPLETED,DONE,SUCCEEDED";
    std::string failed = "FAILED,ERROR,DEAD";
    std::vector<std::string> headers;
    std::vector<std::string> processes;
    // The picture.
    std::string file;
    std::string make = "1448x1448";
    std::string pad;
    bool is_same = false;
    std::string write_picture;
    // The load.
    std::size_t count = 300;
    std::size_t clients = 16;
    std::size_t warm_up = 32;
    std::uint32_t timeout_s = 600;
    bool holds = false;
    bool polls = false;
    bool waits = true;
    // The output.
    std::string json;
    bool is_quiet = false;
};

/// The options, or the exit code after --help or a mistake, which has been written out.
struct ParsedOptions {
    std::optional<Options> options;
    int exit_code = 0;
};
[[nodiscard]] ParsedOptions parse_options(int argc, char** argv);

// What the options say, as typed values. Errors: invalid_argument.
[[nodiscard]] Result<Url> upload_url(const Options& options);
[[nodiscard]] Result<HeaderFields> header_fields(const Options& options);
[[nodiscard]] Result<std::vector<WatchedProcess>> watched_processes(const Options& options);
[[nodiscard]] Result<Picture> wanted_picture(const Options& options);
[[nodiscard]] Result<FollowPlan> follow_plan(const Options& options);

}  // namespace safelight::bench
