#include "bench/load/process_usage.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>

namespace safelight::bench {
namespace {

struct ProcessTimes {
    pid_t parent = 0;
    double cpu_s = 0;
};

double ticks_per_second() {
    return static_cast<double>(::sysconf(_SC_CLK_TCK));
}

/// Field numbers of proc(5), counted behind the command in parentheses, which may hold anything.
std::optional<ProcessTimes> read_times(pid_t pid) {
    std::ifstream file(fmt::format("/proc/{}/stat", pid));
    std::string line;
    if (!std::getline(file, line)) return std::nullopt;
    std::istringstream fields(line.substr(std::min(line.rfind(')') + 1, line.size())));
    std::string skipped;
    ProcessTimes times;
    fields >> skipped >> times.parent;
    for (int i = 0; i < 9; ++i) fields >> skipped;
    for (int i = 0; i < 4; ++i) {  // utime, stime, cutime, cstime
        double ticks = 0;
        fields >> ticks;
        times.cpu_s += ticks / ticks_per_second();
    }
    if (!fields) return std::nullopt;
    return times;
}

std::map<pid_t, ProcessTimes> read_all_times() {
    std::map<pid_t, ProcessTimes> all;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const std::string name = entry.path().filename();
        pid_t pid = 0;
        const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (error != std::errc{} || end != name.data() + name.size()) continue;
        if (const auto times = read_times(pid)) all.emplace(pid, *times);
    }
    return all;
}

/// The line "Name:   123 kB" of a file of /proc; 0 when there is none.
std::uint64_t read_kib_bytes(const std::string& path, const std::string& name) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        if (!line.starts_with(name + ":")) continue;
        std::istringstream value(line.substr(name.size() + 1));
        std::uint64_t kib = 0;
        value >> kib;
        return kib * 1024;
    }
    return 0;
}

bool is_below(const std::map<pid_t, ProcessTimes>& all, pid_t pid, pid_t root) {
    while (pid != root) {
        const auto found = all.find(pid);
        if (found == all.end()) return false;
        pid = found->second.parent;
    }
    return true;
}

double seconds_of(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

std::vector<ProcessUsage> process_usage(const std::vector<WatchedProcess>& watched, UsageParts parts) {
    std::vector<ProcessUsage> usage;
    if (watched.empty()) return usage;
    const auto all = read_all_times();
    for (const auto& [name, root] : watched) {
        ProcessUsage& tree = usage.emplace_back(ProcessUsage{.name = name});
        for (const auto& [pid, times] : all) {
            if (!is_below(all, pid, root)) continue;
            tree.cpu_s += times.cpu_s;
            ++tree.processes;
            if (parts == UsageParts::cpu_only) continue;
            tree.peak_rss_bytes += read_kib_bytes(fmt::format("/proc/{}/status", pid), "VmHWM");
            tree.pss_bytes += read_kib_bytes(fmt::format("/proc/{}/smaps_rollup", pid), "Pss");
        }
    }
    return usage;
}

double own_cpu_s() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

double machine_cpu_s() {
    std::ifstream file("/proc/stat");
    std::string label;
    double busy_ticks = 0;
    file >> label;
    for (int i = 0; i < 8; ++i) {  // user nice system idle iowait irq softirq steal
        double ticks = 0;
        file >> ticks;
        const bool is_busy = i != 3 && i != 4;
        if (is_busy) busy_ticks += ticks;
    }
    return busy_ticks / ticks_per_second();
}

}  // namespace safelight::bench
