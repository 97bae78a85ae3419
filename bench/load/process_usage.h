// CPU time and memory of processes with all their children, from /proc.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace safelight::bench {

struct WatchedProcess {
    std::string name;
    pid_t pid;
};

struct ProcessUsage {
    std::string name;
    double cpu_s = 0;  // user and system; of ended children too, once they have been waited for
    std::uint64_t peak_rss_bytes = 0;  // the sum of every process's peak: shared pages count more than once
    std::uint64_t pss_bytes = 0;       // the proportional share: sums up to what is really taken
    std::size_t processes = 0;         // 0: it has ended
};

enum class UsageParts : std::uint8_t { cpu_only, cpu_and_memory };

/// One for each watched process and the tree below it. Memory takes the kernel some ms for each process.
[[nodiscard]] std::vector<ProcessUsage> process_usage(const std::vector<WatchedProcess>& watched,
                                                      UsageParts parts);

/// User and system time of this process.
[[nodiscard]] double own_cpu_s();

/// What all processors of the machine have worked for, whoever it was for.
[[nodiscard]] double machine_cpu_s();

}  // namespace safelight::bench
