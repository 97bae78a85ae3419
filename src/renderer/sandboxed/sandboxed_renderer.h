// Renders in processes of their own, which can neither open files nor sockets, are limited in memory and
// processor time, and are killed at their deadline: a picture can hurt at most its own job.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "image/limits.h"
#include "renderer/renderer.h"
#include "telemetry/log.h"

namespace safelight {

struct SandboxConfig {
    /// Program (its absolute path) and arguments of a renderer process, which calls run_renderer_program().
    std::vector<std::string> command;
    std::uint32_t processes = 2;        // that render; at a lower priority than this process
    std::uint32_t probe_processes = 1;  // that look at uploads, while all the others may render
    ImageLimits limits;
    std::uint64_t memory_bytes_max = 2'048 * 1'024 * 1'024ULL;  // address space of one process
    std::uint64_t output_bytes_max = 256 * 1'024 * 1'024ULL;    // all renditions of one call
    Milliseconds start_timeout{20'000};
    Milliseconds probe_timeout{5'000};
    std::uint32_t cpu_seconds_max = 60;  // of one call, over all its threads
    std::uint32_t calls_max = 10'000;    // then a process is replaced
    std::uint64_t kept_bytes_max =
        256 * 1'024 * 1'024ULL;  // resident; a process that grew beyond is replaced
    /// Whether a process has to hold every protection but Landlock, which not every kernel has. Without, what
    /// is missing is logged as an error at every start.
    bool required = true;

    /// Errors: invalid_argument, one fault for each member.
    [[nodiscard]] Status validate() const;
};

/// Starts all processes and waits until each is warm and locked in. The renderer blocks a caller until a
/// process is free. A process that dies, lies or hangs fails the call that it was working on with
/// renderer_failed, and is replaced; while this process can start no thread either, the call fails with
/// unavailable instead. `log` outlives the renderer. Errors: renderer_failed, unavailable.
/// Blocks.
[[nodiscard]] Result<std::unique_ptr<Renderer>> start_sandboxed_renderer(const SandboxConfig& config,
                                                                         telemetry::Logger& log);

}  // namespace safelight
