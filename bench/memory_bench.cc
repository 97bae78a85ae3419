// What renders take of memory, beside what is estimated for them: each picture with each transform in a
// renderer process of its own. Fails when an estimate is too low.
//
//   memory_bench SAFELIGHT PICTURE… [-- TRANSFORM…]
//
// SAFELIGHT is the server's program, which is also its renderer process. TRANSFORM is JSON; without any,
// those that cost most are taken. The peak is VmHWM of the process, for which /proc/PID/clear_refs has to be
// writable.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "file_source.h"
#include "renderer/memory_estimate.h"
#include "renderer/sandboxed/sandboxed_renderer.h"

namespace safelight {
namespace {

constexpr double mebibyte = 1'024.0 * 1'024.0;

[[noreturn]] void give_up(std::string_view text) {
    fmt::print(stderr, "memory_bench: {}\n", text);
    std::exit(2);
}

/// The processes that this one started and that are still there.
std::vector<pid_t> children() {
    std::vector<pid_t> found;
    for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
        std::ifstream list(thread.path() / "children");
        for (pid_t id = 0; list >> id;) found.push_back(id);
    }
    return found;
}

/// A field of /proc/PID/status that is in kB.
double status_mib(pid_t id, std::string_view field) {
    std::ifstream status(fmt::format("/proc/{}/status", id));
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with(field)) return std::strtod(line.c_str() + field.size() + 1, nullptr) / 1'024;
    }
    return 0;
}

/// From here on the peak is that of what comes.
void forget_peak(pid_t id) {
    std::ofstream file(fmt::format("/proc/{}/clear_refs", id));
    file << "5" << std::flush;
    if (!file) give_up("the peak of a process cannot be reset");
}

struct Measured {
    double idle_mib = 0;   // of a warm process, before
    double peak_mib = 0;   // while it rendered
    double after_mib = 0;  // once it had answered
    std::string outcome;
};

class Bench {
  public:
    Bench(const char* program, std::vector<std::string> transforms)
        : log_(telemetry::make_stderr_logger(telemetry::Level::error, telemetry::LogFormat::text)),
          transforms_(std::move(transforms)) {
        config_.command = {std::filesystem::absolute(program).string(), "renderer"};
        config_.processes = 1;
        config_.memory_bytes_max = 16 * GiB;
        config_.limits.pixels_max = 120'000'000;
        config_.limits.side_max_px = 65'535;
        config_.limits.bytes_max = 200'000'000;
        config_.cpu_seconds_max = 600;
    }

    void measure(const std::string& path) {
        for (const std::string& json : transforms_) measure(path, json);
    }
    [[nodiscard]] bool is_too_low() const { return is_too_low_; }
    void print_summary() const {
        fmt::print("idle at most {:.1f} MiB, kept afterwards at most {:.1f} MiB beyond that\n", idle_max_mib_,
                   kept_max_mib_);
    }

  private:
    void measure(const std::string& path, const std::string& json) {
        const auto transform = parse_transform(json);
        if (!transform) give_up(json + " is no transform");
        FileSource source(path);
        auto renderer = start_sandboxed_renderer(config_, *log_);
        if (!renderer) give_up(renderer.error().log_text);
        const auto facts = (*renderer)->probe(source);
        if (!facts) return;
        const std::span transforms(&*transform, 1);
        const double estimate = static_cast<double>(estimate_render_bytes(*facts, source.size_bytes(),
                                                                          transforms, config_.limits)) /
                                mebibyte;
        const Measured measured = rendered(**renderer, source, transforms);
        const double taken = measured.peak_mib - measured.idle_mib;
        idle_max_mib_ = std::max(idle_max_mib_, measured.idle_mib);
        kept_max_mib_ = std::max(kept_max_mib_, measured.after_mib - measured.idle_mib);
        is_too_low_ = is_too_low_ || taken > estimate;
        const double megapixels = 1e-6 * facts->width_px * facts->height_px;
        fmt::print("{:<34} {:>5} {:>7.2f} {:<44} {:>8.1f} {:>8.1f} {:>6.2f} {:>7.1f} {}{}\n",
                   std::filesystem::path(path).filename().string(), name_of(facts->format), megapixels, json,
                   estimate, taken, taken / std::max(megapixels, 1e-6),
                   measured.after_mib - measured.idle_mib, measured.outcome,
                   taken > estimate ? "  TOO LOW" : "");
    }

    static Measured rendered(Renderer& renderer, ByteSource& source, std::span<const Transform> transforms) {
        Measured measured;
        const std::vector<pid_t> processes = children();
        for (const pid_t id : processes) {
            forget_peak(id);
            measured.idle_mib = std::max(measured.idle_mib, status_mib(id, "VmRSS:"));
        }
        const auto renditions = render(renderer, source, transforms, {});
        for (const pid_t id : processes) {
            measured.peak_mib = std::max(measured.peak_mib, status_mib(id, "VmHWM:"));
            measured.after_mib = std::max(measured.after_mib, status_mib(id, "VmRSS:"));
        }
        if (!renditions) {
            measured.outcome = name_of(renditions.error().code);
        } else if (!renditions->front()) {
            measured.outcome = name_of(renditions->front().error().code);
        } else {
            measured.outcome = "made";
        }
        return measured;
    }

    const std::unique_ptr<telemetry::Logger> log_;
    const std::vector<std::string> transforms_;
    SandboxConfig config_;
    double idle_max_mib_ = 0;
    double kept_max_mib_ = 0;
    bool is_too_low_ = false;
};

std::vector<std::string> costly_transforms() {
    return {R"({"resize":{"width":200},"format":"jpeg"})",
            R"({"format":"jpeg","progressive":true})",
            R"({"format":"png"})",
            R"({"format":"webp"})",
            R"({"format":"webp","lossless":true})",
            R"({"format":"gif"})",
            R"({"format":"tiff"})",
            R"({"resize":{"area":4000000},"format":"avif"})",
            R"({"rotate":90,"blur":5,"sharpen":1,"pad":{"top":9},"format":"jpeg"})"};
}

}  // namespace
}  // namespace safelight

int main(int count, char** arguments) {
    using namespace safelight;
    if (count < 3) {
        fmt::print(stderr, "usage: memory_bench SAFELIGHT PICTURE… [-- TRANSFORM…]\n");
        return 2;
    }
    std::setvbuf(stdout, nullptr, _IOLBF, 0);  // long runs are watched
    const std::vector<std::string> words(arguments + 2, arguments + count);
    const auto dashes = std::ranges::find(words, "--");
    std::vector<std::string> transforms(dashes == words.end() ? dashes : dashes + 1, words.end());
    if (transforms.empty()) transforms = costly_transforms();
    Bench bench(arguments[1], std::move(transforms));
    fmt::print("{:<34} {:>5} {:>7} {:<44} {:>8} {:>8} {:>6} {:>7} MiB, and the outcome\n", "picture", "is",
               "MP", "transform", "estimate", "measured", "per MP", "kept");
    std::for_each(words.begin(), dashes, [&](const std::string& path) { bench.measure(path); });
    bench.print_summary();
    return bench.is_too_low() ? 1 : 0;
}
