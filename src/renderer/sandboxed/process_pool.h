// The renderer processes that are there: each is lent to one call at a time, and replaced when it is worn or
// gone.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "renderer/sandboxed/renderer_process.h"

namespace safelight {

/// Any thread may call.
class ProcessPool {
  public:
    /// `count` processes of this niceness. Errors: as start_sandboxed_renderer.
    [[nodiscard]] static Result<std::unique_ptr<ProcessPool>> start(const SandboxConfig& config,
                                                                    std::uint32_t count, int niceness,
                                                                    telemetry::Logger& log);
    ~ProcessPool();
    ProcessPool(const ProcessPool&) = delete;
    ProcessPool& operator=(const ProcessPool&) = delete;

    /// Blocks until one is free; empty once `cancelled` says so, which is asked now and then.
    [[nodiscard]] std::unique_ptr<RendererProcess> take(const CancelCheck& cancelled);

    /// After a call that went well.
    void give_back(std::unique_ptr<RendererProcess> process);

    /// After one that did not: the process is ended, and another takes its place. Returns how it had ended.
    std::string discard(std::unique_ptr<RendererProcess> process);

    [[nodiscard]] const std::vector<FormatSupport>& formats() const { return formats_; }
    [[nodiscard]] const std::vector<std::string>& codecs() const { return codecs_; }

  private:
    ProcessPool(const SandboxConfig& config, std::uint32_t count, int niceness, telemetry::Logger& log)
        : config_(config), count_(count), niceness_(niceness), log_(log) {}

    [[nodiscard]] std::unique_ptr<RendererProcess> take_any(const CancelCheck& cancelled);
    [[nodiscard]] Status fill();
    [[nodiscard]] Status admit(std::unique_ptr<RendererProcess> process);
    [[nodiscard]] bool is_worn(const RendererProcess& process) const;
    void refill(const std::stop_token& stop);

    const SandboxConfig config_;
    const std::uint32_t count_;
    const int niceness_;
    telemetry::Logger& log_;
    std::vector<FormatSupport> formats_;  // constant once started
    std::vector<std::string> codecs_;     // constant once started
    std::mutex mutex_;
    std::condition_variable freed_;                       // for those who wait for a process
    std::condition_variable_any went_missing_;            // for the refiller
    std::vector<std::unique_ptr<RendererProcess>> idle_;  // guarded by mutex_
    std::uint32_t missing_ = 0;                           // guarded by mutex_
    std::jthread refiller_;
};

}  // namespace safelight
