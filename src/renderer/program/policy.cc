#include "renderer/program/policy.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

#include "base/descriptor.h"
#include "renderer/wire/messages.h"

namespace safelight {
namespace {

std::unexpected<Error> refused(std::string_view what, int error_number) {
    return failure(ErrorCode::internal, "The renderer could not be locked in.",
                   std::string(what) + ": " + std::generic_category().message(error_number));
}

/// Every right to files that this version of Landlock knows; what is known and not granted is denied.
std::uint64_t file_rights(int abi) {
    constexpr std::uint64_t truncate = 1ULL << 14U;          // from version 3 on
    constexpr std::uint64_t ioctl_of_devices = 1ULL << 15U;  // from version 5 on
    std::uint64_t rights = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1U) - 1;
    if (abi >= 2) rights |= LANDLOCK_ACCESS_FS_REFER;
    if (abi >= 3) rights |= truncate;
    if (abi >= 5) rights |= ioctl_of_devices;
    return rights;
}

/// Landlock. False when this kernel has none.
Result<bool> deny_paths() {
    const auto abi =
        static_cast<int>(::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION));
    if (abi < 1) return false;
    // Only the first member: every version knows it.
    const std::uint64_t rights = file_rights(abi);
    const auto rules = static_cast<int>(::syscall(SYS_landlock_create_ruleset, &rights, sizeof rights, 0));
    if (rules < 0) return refused("landlock_create_ruleset", errno);
    const auto restricted = ::syscall(SYS_landlock_restrict_self, rules, 0);
    const int error_number = errno;
    ::close(rules);
    if (restricted != 0) return refused("landlock_restrict_self", error_number);
    return true;
}

std::ptrdiff_t count_threads() {
    std::error_code error;
    const std::filesystem::directory_iterator threads("/proc/self/task", error);
    return error ? 0 : std::distance(begin(threads), end(threads));
}

using Filter = std::unique_ptr<void, decltype(&seccomp_release)>;

/// The names that this version of libseccomp does not know do not exist on its kernels either.
int add(const Filter& filter, std::uint32_t action, std::string_view name,
        std::span<const scmp_arg_cmp> conditions = {}) {
    const int number = seccomp_syscall_resolve_name(std::string(name).c_str());
    if (number == __NR_SCMP_ERROR) return 0;
    return seccomp_rule_add_array(filter.get(), action, number, static_cast<unsigned>(conditions.size()),
                                  conditions.data());
}

/// What decoding, encoding, libvips' threads and the allocator use.
constexpr std::array allowed{
    "recvmsg",
    "sendmsg",
    "read",
    "write",
    "pwrite64",
    "lseek",
    "close",
    "munmap",
    "mremap",
    "madvise",
    "brk",
    "futex",
    "rt_sigprocmask",
    "rt_sigreturn",
    "sigaltstack",
    "set_robust_list",
    "rseq",
    "sched_getaffinity",
    "sched_yield",
    "getpid",
    "gettid",
    "getrandom",
    "exit",
    "exit_group",
    "clock_gettime",
    "gettimeofday",
    "clock_nanosleep",
    "nanosleep",
    "restart_syscall",
    "clock_getres",
};

struct Refusal {
    const char* name;
    int error_number;
};

/// What libraries try and do well without.
constexpr std::array refusals{
    Refusal{"open", EACCES},
    Refusal{"openat", EACCES},
    Refusal{"stat", EACCES},
    Refusal{"newfstatat", EACCES},
    Refusal{"lstat", EACCES},
    Refusal{"fstat", EACCES},
    Refusal{"statx", EACCES},
    Refusal{"access", EACCES},
    Refusal{"faccessat", EACCES},
    Refusal{"faccessat2", EACCES},
    Refusal{"readlink", EACCES},
    Refusal{"readlinkat", EACCES},
    Refusal{"getcwd", EACCES},
    Refusal{"ioctl", ENOTTY},
    Refusal{"fcntl", EACCES},
    Refusal{"sysinfo", ENOSYS},
    Refusal{"uname", ENOSYS},
    Refusal{"sched_setscheduler", EPERM},
    // glibc falls back to clone, whose flags a filter can see.
    Refusal{"clone3", ENOSYS},
    Refusal{"set_mempolicy", ENOSYS},
    Refusal{"mbind", ENOSYS},
};

int add_rules(const Filter& filter) {
    for (const char* name : allowed) {
        if (const int code = add(filter, SCMP_ACT_ALLOW, name); code != 0) return code;
    }
    for (const Refusal& refusal : refusals) {
        const auto number = static_cast<std::uint32_t>(refusal.error_number);
        if (const int code = add(filter, SCMP_ACT_ERRNO(number), refusal.name); code != 0) return code;
    }
    // Memory is never made executable, and never shared with a file for writing.
    const std::array not_executable{scmp_arg_cmp{2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0}};
    // Threads are started; processes are not.
    constexpr std::uint64_t thread_flags = CLONE_VM | CLONE_THREAD;
    const std::array thread_only{scmp_arg_cmp{0, SCMP_CMP_MASKED_EQ, thread_flags, thread_flags}};
    const std::array thread_name{scmp_arg_cmp{0, SCMP_CMP_EQ, PR_SET_NAME, 0}};
    for (const char* name : {"mmap", "mprotect"}) {
        if (const int code = add(filter, SCMP_ACT_ALLOW, name, not_executable); code != 0) return code;
    }
    if (const int code = add(filter, SCMP_ACT_ALLOW, "clone", thread_only); code != 0) return code;
    return add(filter, SCMP_ACT_ALLOW, "prctl", thread_name);
}

}  // namespace

std::uint32_t offer_to_be_killed() {
    constexpr std::string_view first_of_all = "1000";
    const Descriptor file(::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
    const bool is_taken = file.is_open() && ::write(file.get(), first_of_all.data(), first_of_all.size()) ==
                                                static_cast<ssize_t>(first_of_all.size());
    return is_taken ? wire::killed_first : 0U;
}

Result<std::uint32_t> deny_files() {
    if (count_threads() != 1) return refused("a thread is there already", EBUSY);
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return refused("PR_SET_NO_NEW_PRIVS", errno);
    if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return refused("PR_SET_DUMPABLE", errno);
    TRY_ASSIGN(const bool has_landlock, deny_paths());
    return wire::no_new_privileges | (has_landlock ? wire::file_system_rules : 0U);
}

Result<std::uint32_t> deny_system_calls() {
    const Filter filter(seccomp_init(SCMP_ACT_KILL_PROCESS), &seccomp_release);
    if (!filter) return refused("seccomp_init", ENOMEM);
    // For libvips' threads as well, which are there by now.
    if (const int code = seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1); code != 0)
        return refused("seccomp for all threads", -code);
    if (const int code = add_rules(filter); code != 0) return refused("a rule of seccomp", -code);
    if (const int code = seccomp_load(filter.get()); code != 0) return refused("seccomp_load", -code);
    return wire::system_call_filter;
}

}  // namespace safelight
