#include "renderer/sandboxed/renderer_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "renderer/wire/memory_file.h"

namespace safelight {
namespace {

constexpr int socket_in_child = 3;

/// How often a call looks whether anybody still wants its result.
constexpr Milliseconds cancel_interval{10};

constexpr int dying_waits = 200;  // of a millisecond

/// Descriptors of a renderer: the standard ones, the socket, a source and an output, and some room.
constexpr rlim_t descriptors_max = 16;

class SpawnActions {
  public:
    SpawnActions() {
        ::posix_spawn_file_actions_init(&actions_);
        ::posix_spawnattr_init(&attributes_);
    }
    ~SpawnActions() {
        ::posix_spawn_file_actions_destroy(&actions_);
        ::posix_spawnattr_destroy(&attributes_);
    }
    SpawnActions(const SpawnActions&) = delete;
    SpawnActions& operator=(const SpawnActions&) = delete;

    /// Nothing of this process goes with it but the socket: no descriptor, no signal mask, no folder.
    void isolate(int socket) {
        ::posix_spawn_file_actions_adddup2(&actions_, socket, socket_in_child);
        for (const int standard : {0, 1, 2}) {
            ::posix_spawn_file_actions_addopen(&actions_, standard, "/dev/null", O_RDWR, 0);
        }
        ::posix_spawn_file_actions_addclosefrom_np(&actions_, socket_in_child + 1);
        ::posix_spawn_file_actions_addchdir_np(&actions_, "/");
        sigset_t none;
        sigset_t all;
        ::sigemptyset(&none);
        ::sigfillset(&all);
        ::posix_spawnattr_setsigmask(&attributes_, &none);
        ::posix_spawnattr_setsigdefault(&attributes_, &all);
        // A process group of its own: Ctrl-C in a terminal is the server's to answer.
        ::posix_spawnattr_setpgroup(&attributes_, 0);
        ::posix_spawnattr_setflags(&attributes_,
                                   POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    }

    /// Returns 0 or the error number. The environment is empty.
    int spawn(const std::vector<std::string>& command, pid_t& id) const {
        std::vector<char*> arguments;
        for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
        arguments.push_back(nullptr);
        std::array<char*, 1> environment{nullptr};
        return ::posix_spawn(&id, command.front().c_str(), &actions_, &attributes_, arguments.data(),
                             environment.data());
    }

  private:
    posix_spawn_file_actions_t actions_{};
    posix_spawnattr_t attributes_{};
};

/// From outside, so that the process cannot take it back.
bool limit(pid_t id, __rlimit_resource resource, rlim_t soft, rlim_t hard) {
    const rlimit values{.rlim_cur = soft, .rlim_max = hard};
    return ::prlimit(id, resource, &values, nullptr) == 0;
}

bool limit_resources(pid_t id, const SandboxConfig& config) {
    return limit(id, RLIMIT_AS, config.memory_bytes_max, config.memory_bytes_max) &&
           limit(id, RLIMIT_FSIZE, config.output_bytes_max, config.output_bytes_max) &&
           limit(id, RLIMIT_NOFILE, descriptors_max, descriptors_max) && limit(id, RLIMIT_CORE, 0, 0);
}

std::unexpected<Error> failed(std::string log_text) {
    return failure(ErrorCode::renderer_failed, "The picture could not be processed.", std::move(log_text));
}

}  // namespace

Result<std::unique_ptr<RendererProcess>> RendererProcess::start(const SandboxConfig& config, int niceness) {
    TRY_ASSIGN(auto sockets, wire::Channel::pair());
    SpawnActions actions;
    actions.isolate(sockets[1].get());
    pid_t id = 0;
    if (const int error_number = actions.spawn(config.command, id); error_number != 0) {
        return failure(
            ErrorCode::unavailable, "No renderer could be started.",
            fmt::format("{}: {}", config.command.front(), std::generic_category().message(error_number)));
    }
    std::unique_ptr<RendererProcess> process(
        new RendererProcess(id, std::move(sockets[0]), config.cpu_seconds_max));
    // Before it has threads, which take it over.
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(id), niceness);
    if (!limit_resources(id, config)) {
        return failure(ErrorCode::unavailable, "No renderer could be started.",
                       "prlimit: " + std::generic_category().message(errno));
    }
    return process;
}

RendererProcess::~RendererProcess() {
    static_cast<void>(end());
}

Result<wire::Hello> RendererProcess::await_hello(Milliseconds timeout) {
    if (!channel_.wait(timeout)) return failed("a renderer did not become ready in time");
    TRY_ASSIGN(const wire::Reply reply, receive());
    const auto* hello = std::get_if<wire::Hello>(&reply);
    if (hello == nullptr || hello->version != wire::protocol_version)
        return failed("a renderer of another version");
    return wire::Hello{hello->version, hello->protections | wire::resource_limits, hello->codecs,
                       hello->formats};
}

Result<wire::Reply> RendererProcess::exchange(const wire::Request& request, std::span<const int> descriptors,
                                              const CancelCheck& cancelled) {
    ++calls_;
    allow_cpu_time();
    TRY(channel_.send(wire::encode(request), descriptors));
    while (!channel_.wait(cancel_interval)) {
        if (cancelled && cancelled()) return failure(ErrorCode::cancelled, "The work was called off.");
    }
    return receive();
}

Result<int> RendererProcess::output() {
    if (!output_.is_open()) {
        TRY_ASSIGN(output_, wire::make_memory_file());
    }
    return output_.get();
}

Result<wire::Reply> RendererProcess::receive() {
    TRY_ASSIGN(const wire::Incoming incoming, channel_.receive(false));
    if (incoming.message.empty()) {
        is_closed_ = true;
        return failed("the renderer died");
    }
    return wire::decode_reply(incoming.message);
}

void RendererProcess::allow_cpu_time() const {
    clockid_t clock{};
    timespec used{};
    if (::clock_getcpuclockid(id_, &clock) != 0 || ::clock_gettime(clock, &used) != 0) return;
    const auto seconds = static_cast<rlim_t>(used.tv_sec) + 1 + cpu_seconds_max_;
    limit(id_, RLIMIT_CPU, seconds, RLIM_INFINITY);
}

bool RendererProcess::is_quiet() {
    if (!channel_.wait(Milliseconds{0})) return true;
    is_closed_ = true;
    return false;
}

std::string RendererProcess::end() {
    if (id_ == 0) return "ended";
    int status = 0;
    pid_t reaped = ::waitpid(id_, &status, WNOHANG);
    // A process that dies lets go of its socket a moment before it can be reaped.
    for (int i = 0; i < dying_waits && is_closed_ && reaped == 0; ++i) {
        std::this_thread::sleep_for(Milliseconds{1});
        reaped = ::waitpid(id_, &status, WNOHANG);
    }
    const bool was_running = reaped == 0;
    if (was_running) {
        ::kill(id_, SIGKILL);
        while ((reaped = ::waitpid(id_, &status, 0)) < 0 && errno == EINTR) continue;
    }
    id_ = 0;
    if (was_running || reaped < 0) return "was running";
    if (WIFSIGNALED(status))
        return fmt::format("killed by signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)));
    return fmt::format("exited with {}", WEXITSTATUS(status));
}

std::uint64_t RendererProcess::resident_bytes() const {
    const std::unique_ptr<std::FILE, decltype(&std::fclose)> file(
        std::fopen(fmt::format("/proc/{}/statm", id_).c_str(), "re"), &std::fclose);
    unsigned long long pages = 0;
    if (!file || std::fscanf(file.get(), "%*u %llu", &pages) != 1) return 0;
    return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::uint64_t RendererProcess::threads() const {
    // A folder has two links, and another for each folder in it. No descriptor is needed to count them.
    constexpr std::uint64_t own_links = 2;
    std::error_code error;
    const std::uint64_t links = std::filesystem::hard_link_count(fmt::format("/proc/{}/task", id_), error);
    return error || links < own_links ? 0 : links - own_links;
}

}  // namespace safelight
