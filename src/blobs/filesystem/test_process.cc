#include "blobs/filesystem/test_process.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>

namespace safelight::test_process {
namespace {

constexpr int system_call_stop = SIGTRAP | 0x80;  // as PTRACE_O_TRACESYSGOOD marks it

void require(bool ok, const char* what) {
    if (!ok) throw std::runtime_error(what);
}

int wait_for(pid_t pid) {
    int status = 0;
    pid_t waited = -1;
    do {
        waited = ::waitpid(pid, &status, 0);
    } while (waited < 0 && errno == EINTR);
    require(waited == pid, "waitpid");
    return status;
}

int exit_code(int wait_status) {
    return WIFSIGNALED(wait_status) ? -WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

/// A child that stands still at the begin and the end of each system call.
class TracedChild {
  public:
    explicit TracedChild(const Body& body) : pid_(::fork()) {
        require(pid_ >= 0, "fork");
        if (pid_ == 0) {
            if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(127);
            ::raise(SIGSTOP);
            ::_exit(body());
        }
        require(WIFSTOPPED(wait_for(pid_)), "this system does not let a process trace its child");
        constexpr std::uintptr_t options = PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL;
        require(::ptrace(PTRACE_SETOPTIONS, pid_, nullptr, options) == 0, "PTRACE_SETOPTIONS");
    }
    ~TracedChild() { kill(); }
    TracedChild(const TracedChild&) = delete;
    TracedChild& operator=(const TracedChild&) = delete;

    /// Lets it run to its next stop; false when it has ended.
    bool next_stop() {
        std::uintptr_t signal = 0;
        for (;;) {
            require(::ptrace(PTRACE_SYSCALL, pid_, nullptr, signal) == 0, "PTRACE_SYSCALL");
            const int status = wait_for(pid_);
            if (!WIFSTOPPED(status)) {
                ended_ = true;
                exit_code_ = exit_code(status);
                return false;
            }
            if (WSTOPSIG(status) == system_call_stop) return true;
            signal = static_cast<std::uintptr_t>(WSTOPSIG(status));
        }
    }

    /// The call that it stands at the begin of; empty at the end of one.
    [[nodiscard]] std::optional<long> call_begun() const {
        __ptrace_syscall_info info{};
        require(::ptrace(PTRACE_GET_SYSCALL_INFO, pid_, sizeof(info), &info) > 0, "PTRACE_GET_SYSCALL_INFO");
        if (info.op != PTRACE_SYSCALL_INFO_ENTRY) return std::nullopt;
        return static_cast<long>(info.entry.nr);
    }

    void kill() {
        if (ended_) return;
        ::kill(pid_, SIGKILL);
        while (WIFSTOPPED(wait_for(pid_))) continue;
        ended_ = true;
    }

    [[nodiscard]] int exit_status() const { return exit_code_; }

  private:
    const pid_t pid_;
    bool ended_ = false;
    int exit_code_ = 0;
};

}  // namespace

int exit_code_of(ErrorCode code) {
    return 1 + static_cast<int>(code);
}

int exit_code_of(const Status& status) {
    return status ? 0 : exit_code_of(status.error().code);
}

int run(const Body& body) {
    const pid_t pid = ::fork();
    require(pid >= 0, "fork");
    if (pid == 0) ::_exit(body());
    return exit_code(wait_for(pid));
}

void fail_system_call(long system_call, int error_number, std::optional<int> descriptor) {
    const auto number = static_cast<std::uint32_t>(system_call);
    const std::uint32_t refuse =
        SECCOMP_RET_ERRNO | (static_cast<std::uint32_t>(error_number) & SECCOMP_RET_DATA);
    const std::uint32_t first_argument =
        offsetof(seccomp_data, args);  // its low half, on a little-endian machine
    const auto wanted = static_cast<std::uint32_t>(descriptor.value_or(0));
    const std::uint8_t skip_unless_equal = descriptor ? 1 : 0;
    std::array<sock_filter, 6> program{{
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, first_argument),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, wanted, 0, skip_unless_equal),
        BPF_STMT(BPF_RET | BPF_K, refuse),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    }};
    const sock_fprog filter{program.size(), program.data()};
    require(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "PR_SET_NO_NEW_PRIVS");
    require(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0, "PR_SET_SECCOMP");
}

Trace trace(const Body& body, const std::set<long>& interesting) {
    Trace result;
    TracedChild child(body);
    while (child.next_stop()) {
        const auto call = child.call_begun();
        if (call && interesting.contains(*call)) result.calls.push_back(*call);
    }
    result.exit_code = child.exit_status();
    return result;
}

bool killed_at(const Body& body, int stop) {
    TracedChild child(body);
    for (int i = 0; i < stop; ++i) {
        if (!child.next_stop()) return false;
    }
    child.kill();
    return true;
}

}  // namespace safelight::test_process
