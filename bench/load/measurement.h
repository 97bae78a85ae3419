// One measured run: uploads, the wait for their jobs, and what it took.
#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "bench/load/options.h"
#include "bench/load/process_usage.h"

namespace safelight::bench {

struct Measurement {
    std::string picture;
    std::uint64_t picture_bytes = 0;
    bool is_unique = false;
    std::size_t count = 0;
    std::size_t clients = 0;
    std::size_t accepted = 0;
    std::size_t errors = 0;
    std::string first_error;
    std::size_t failed_jobs = 0;
    double post_s = 0;   // from the first POST to the last answer
    double total_s = 0;  // from the first POST until the last job was seen finished
    std::vector<double> latencies_ms;
    std::vector<ProcessUsage> server;  // CPU: of the run alone; memory: at its end
    double client_cpu_s = 0;
    double others_cores = 0;  // what everybody else on the machine took meanwhile
    std::size_t held = 0;
    std::vector<ProcessUsage> server_while_held;

    [[nodiscard]] double jobs_per_s() const;
    [[nodiscard]] double posts_per_s() const;
    /// Of everything watched.
    [[nodiscard]] ProcessUsage whole_server() const;
};

/// Warms up, then measures. Errors: those of the parts; refused uploads and failed jobs are counted instead.
[[nodiscard]] Result<Measurement> measure(const Options& options, Picture picture);

/// Linear between the two nearest; 0 when there is none.
[[nodiscard]] double quantile(std::vector<double> values, double fraction);

[[nodiscard]] boost::json::object to_json(const Measurement& measurement);
[[nodiscard]] std::string to_table(const Measurement& measurement);

}  // namespace safelight::bench
