#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <cmath>

#include "bench/load/measurement.h"

namespace safelight::bench {
namespace {

double rounded(double value) {
    return std::round(value * 1'000) / 1'000;
}

double mib(std::uint64_t bytes) {
    return static_cast<double>(bytes) / (1024.0 * 1024.0);
}

double cpu_ms_per_job(const ProcessUsage& usage, const Measurement& measurement) {
    return measurement.accepted > 0 ? usage.cpu_s * 1'000 / static_cast<double>(measurement.accepted) : 0;
}

boost::json::object to_json(const ProcessUsage& usage) {
    return {{"cpu_s", rounded(usage.cpu_s)},
            {"peak_rss_mib", rounded(mib(usage.peak_rss_bytes))},
            {"pss_mib", rounded(mib(usage.pss_bytes))},
            {"processes", usage.processes}};
}

boost::json::object to_json(const std::vector<ProcessUsage>& parts) {
    boost::json::object object;
    for (const ProcessUsage& part : parts) object[part.name] = to_json(part);
    return object;
}

std::string memory_row(const ProcessUsage& usage, const std::string& cpu, const std::string& cpu_per_job) {
    return fmt::format("  {:<14} {:>9} {:>11} {:>9.1f} MiB {:>9.1f} MiB {:>6}\n", usage.name, cpu,
                       cpu_per_job, mib(usage.peak_rss_bytes), mib(usage.pss_bytes), usage.processes);
}

std::string process_rows(const Measurement& measurement) {
    std::string rows = fmt::format("  {:<14} {:>9} {:>11} {:>13} {:>13} {:>6}\n", "process", "CPU s",
                                   "CPU ms/job", "peak RSS", "PSS", "count");
    const auto add = [&](const ProcessUsage& usage) {
        rows += memory_row(usage, fmt::format("{:.2f}", usage.cpu_s),
                           fmt::format("{:.2f}", cpu_ms_per_job(usage, measurement)));
    };
    for (const ProcessUsage& usage : measurement.server) add(usage);
    if (measurement.server.size() > 1) add(measurement.whole_server());
    for (ProcessUsage usage : measurement.server_while_held) {
        usage.name += ", held";
        rows += memory_row(usage, "", "");
    }
    return rows;
}

}  // namespace

boost::json::object to_json(const Measurement& measurement) {
    const ProcessUsage whole = measurement.whole_server();
    const auto latency = [&](double fraction) {
        return rounded(quantile(measurement.latencies_ms, fraction));
    };
    boost::json::object object{{"file", measurement.picture},
                               {"file_bytes", measurement.picture_bytes},
                               {"unique", measurement.is_unique},
                               {"count", measurement.count},
                               {"clients", measurement.clients},
                               {"accepted", measurement.accepted},
                               {"errors", measurement.errors},
                               {"first_error", measurement.first_error},
                               {"failed_jobs", measurement.failed_jobs},
                               {"post_s", rounded(measurement.post_s)},
                               {"posts_per_s", rounded(measurement.posts_per_s())},
                               {"total_s", rounded(measurement.total_s)},
                               {"jobs_per_s", rounded(measurement.jobs_per_s())},
                               {"post_p50_ms", latency(0.5)},
                               {"post_p90_ms", latency(0.9)},
                               {"post_p99_ms", latency(0.99)},
                               {"post_max_ms", latency(1)},
                               {"client_cpu_s", rounded(measurement.client_cpu_s)},
                               {"others_cores", rounded(measurement.others_cores)},
                               {"server", to_json(measurement.server)},
                               {"server_all", to_json(whole)},
                               {"server_cpu_ms_per_job", rounded(cpu_ms_per_job(whole, measurement))}};
    if (!measurement.server_while_held.empty() || measurement.held > 0) {
        object["held"] = measurement.held;
        object["server_while_held"] = to_json(measurement.server_while_held);
    }
    return object;
}

std::string to_table(const Measurement& measurement) {
    const auto latency = [&](double fraction) { return quantile(measurement.latencies_ms, fraction); };
    std::string table = fmt::format("{}, {} bytes{}: {} uploads by {} clients\n", measurement.picture,
                                    measurement.picture_bytes, measurement.is_unique ? ", each unique" : "",
                                    measurement.count, measurement.clients);
    table += fmt::format("  jobs     {:>8.1f} /s   {:.3f} s from the first POST until all were finished\n",
                         measurement.jobs_per_s(), measurement.total_s);
    table += fmt::format("  POST     {:>8.1f} /s   p50 {:.1f}  p90 {:.1f}  p99 {:.1f}  max {:.1f} ms\n",
                         measurement.posts_per_s(), latency(0.5), latency(0.9), latency(0.99), latency(1));
    if (measurement.held > 0)
        table += fmt::format("  held     {:>8} uploads in flight at once\n", measurement.held);
    table +=
        fmt::format("  errors   {:>8}      failed jobs {}\n", measurement.errors, measurement.failed_jobs);
    if (!measurement.first_error.empty())
        table += fmt::format("  first error: {}\n", measurement.first_error);
    if (!measurement.server.empty()) table += process_rows(measurement);
    table += fmt::format("  the client took {:.2f} CPU s, everybody else on the machine {:.2f} cores\n",
                         measurement.client_cpu_s, measurement.others_cores);
    return table;
}

}  // namespace safelight::bench
