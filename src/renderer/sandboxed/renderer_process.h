// One renderer process, as its parent sees it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/result.h"
#include "renderer/renderer.h"
#include "renderer/sandboxed/sandboxed_renderer.h"
#include "renderer/wire/channel.h"

namespace safelight {

/// One thread at a time. The process is killed and reaped with the object.
class RendererProcess {
  public:
    /// Returns before the process is warm. Error: unavailable.
    [[nodiscard]] static Result<std::unique_ptr<RendererProcess>> start(const SandboxConfig& config,
                                                                        int niceness);
    ~RendererProcess();
    RendererProcess(const RendererProcess&) = delete;
    RendererProcess& operator=(const RendererProcess&) = delete;

    /// Blocks until it is warm and locked in. Errors: renderer_failed (it died, or took too long).
    [[nodiscard]] Result<wire::Hello> await_hello(Milliseconds timeout);

    /// Sends and waits for the reply. The process must not be used any more after an error: it is dead, or
    /// what it does is not known. `cancelled` is asked every few milliseconds. Errors: cancelled,
    /// renderer_failed.
    [[nodiscard]] Result<wire::Reply> exchange(const wire::Request& request, std::span<const int> descriptors,
                                               const CancelCheck& cancelled);

    /// The descriptor of the empty file that the next request to render brings. The file stays with the
    /// process until it is taken away, for most renditions come enclosed. Error: unavailable.
    [[nodiscard]] Result<int> output();
    [[nodiscard]] Descriptor take_output() { return std::move(output_); }

    /// Whether it waits for a request, as one should that has none: it neither ended nor said anything.
    [[nodiscard]] bool is_quiet();

    /// For a log: how it ended, "killed by signal 31 (Bad system call)", or that it runs. Kills what still
    /// runs.
    [[nodiscard]] std::string end();

    [[nodiscard]] pid_t id() const { return id_; }
    [[nodiscard]] std::uint32_t calls() const { return calls_; }
    [[nodiscard]] std::uint64_t resident_bytes() const;
    /// How many there are; 0 when it is dead.
    [[nodiscard]] std::uint64_t threads() const;

  private:
    RendererProcess(pid_t id, Descriptor socket, std::uint32_t cpu_seconds_max)
        : id_(id), channel_(std::move(socket)), cpu_seconds_max_(cpu_seconds_max) {}

    [[nodiscard]] Result<wire::Reply> receive();
    void allow_cpu_time() const;

    pid_t id_;  // 0: reaped
    wire::Channel channel_;
    const std::uint32_t cpu_seconds_max_;
    Descriptor output_;
    std::uint32_t calls_ = 0;
    bool is_closed_ = false;  // the other end of the channel
};

}  // namespace safelight
