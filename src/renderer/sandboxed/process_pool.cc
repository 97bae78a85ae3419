#include "renderer/sandboxed/process_pool.h"

#include <pthread.h>

#include <utility>

namespace safelight {
namespace {

constexpr Milliseconds cancel_interval{50};
constexpr Milliseconds pause_after_failure{1'000};
constexpr std::uint32_t calls_between_looks = 16;  // at the memory of a process

constexpr std::uint32_t demanded = wire::resource_limits | wire::no_new_privileges | wire::system_call_filter;

}  // namespace

Result<std::unique_ptr<ProcessPool>> ProcessPool::start(const SandboxConfig& config, std::uint32_t count,
                                                        int niceness, telemetry::Logger& log) {
    TRY(config.validate());
    std::unique_ptr<ProcessPool> pool(new ProcessPool(config, count, niceness, log));
    TRY(pool->fill());
    pool->refiller_ = std::jthread([raw = pool.get()](const std::stop_token& stop) { raw->refill(stop); });
    ::pthread_setname_np(pool->refiller_.native_handle(), "renderer-pool");
    return pool;
}

ProcessPool::~ProcessPool() {
    refiller_.request_stop();
}

Status ProcessPool::fill() {
    // All are started before the first is waited for: they warm up at the same time.
    std::vector<std::unique_ptr<RendererProcess>> started;
    for (std::uint32_t i = 0; i < count_; ++i) {
        TRY_ASSIGN(auto process, RendererProcess::start(config_, niceness_));
        started.push_back(std::move(process));
    }
    for (auto& process : started) TRY(admit(std::move(process)));
    return {};
}

Status ProcessPool::admit(std::unique_ptr<RendererProcess> process) {
    auto hello = process->await_hello(config_.start_timeout);
    if (!hello) {
        hello.error().log_text += "; it " + process->end();
        return forward(std::move(hello));
    }
    if ((hello->protections & demanded) != demanded) {
        if (config_.required) {
            return failure(ErrorCode::renderer_failed, "A renderer cannot be locked in on this system.",
                           "protections " + std::to_string(hello->protections));
        }
        log_.error("RENDERER IS NOT LOCKED IN",
                   {{"protections", hello->protections}, {"demanded", demanded}});
    }
    if ((hello->protections & wire::killed_first) == 0) {
        log_.warn(
            "renderer is not killed first",
            {{"pid", process->id()}, {"danger", "where memory is short, the kernel may kill the server"}});
    }
    const std::lock_guard lock(mutex_);
    if (formats_.empty()) formats_ = std::move(hello->formats);
    if (codecs_.empty()) codecs_ = std::move(hello->codecs);
    idle_.push_back(std::move(process));
    freed_.notify_one();
    return {};
}

std::unique_ptr<RendererProcess> ProcessPool::take(const CancelCheck& cancelled) {
    while (true) {
        auto process = take_any(cancelled);
        if (!process || process->is_quiet()) return process;
        // It died, or was killed, while nobody used it: that is no call's fault.
        const auto id = process->id();
        const std::string ending = discard(std::move(process));
        log_.warn("renderer replaced", {{"pid", id}, {"doing", "nothing"}, {"ending", ending}});
    }
}

std::unique_ptr<RendererProcess> ProcessPool::take_any(const CancelCheck& cancelled) {
    std::unique_lock lock(mutex_);
    while (idle_.empty()) {
        if (cancelled && cancelled()) return nullptr;
        freed_.wait_for(lock, cancel_interval, [this] { return !idle_.empty(); });
    }
    // The one that came last has warm caches.
    auto process = std::move(idle_.back());
    idle_.pop_back();
    return process;
}

bool ProcessPool::is_worn(const RendererProcess& process) const {
    if (process.calls() >= config_.calls_max) return true;
    return process.calls() % calls_between_looks == 0 && process.resident_bytes() > config_.kept_bytes_max;
}

void ProcessPool::give_back(std::unique_ptr<RendererProcess> process) {
    if (is_worn(*process)) {
        static_cast<void>(discard(std::move(process)));
        return;
    }
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(process));
    freed_.notify_one();
}

std::string ProcessPool::discard(std::unique_ptr<RendererProcess> process) {
    std::string ending = process->end();
    process.reset();
    const std::lock_guard lock(mutex_);
    ++missing_;
    went_missing_.notify_one();
    return ending;
}

void ProcessPool::refill(const std::stop_token& stop) {
    while (true) {
        {
            std::unique_lock lock(mutex_);
            if (!went_missing_.wait(lock, stop, [this] { return missing_ > 0; })) return;
        }
        if (stop.stop_requested()) return;
        auto process = RendererProcess::start(config_, niceness_);
        const Status admitted = process ? admit(std::move(*process)) : Status(forward(std::move(process)));
        std::unique_lock lock(mutex_);
        if (admitted) {
            --missing_;
            continue;
        }
        log_.error("no renderer could be started", {{"error", admitted.error().log_text}});
        went_missing_.wait_for(lock, stop, pause_after_failure, [] { return false; });
    }
}

}  // namespace safelight
