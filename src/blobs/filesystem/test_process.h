// For tests: work in a child process that is killed, or whose system calls fail, at a chosen point.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <vector>

#include "base/result.h"

namespace safelight::test_process {

/// What the child does; its result is the child's exit code.
using Body = std::function<int()>;

/// 0 for success, otherwise a number for the error's code.
[[nodiscard]] int exit_code_of(const Status& status);
[[nodiscard]] int exit_code_of(ErrorCode code);

/// Runs `body` in a forked child and returns its exit code; -signal when a signal ended it.
[[nodiscard]] int run(const Body& body);

/// In the calling process, from now on and for good, every call of `system_call` fails with `error_number`;
/// with `descriptor`, only those that have it as their first argument.
void fail_system_call(long system_call, int error_number, std::optional<int> descriptor = std::nullopt);

struct Trace {
    int exit_code = 0;
    std::vector<long> calls;  // the system calls that were begun, in order
};
/// Runs `body` in a child and notes the system calls of `interesting`.
[[nodiscard]] Trace trace(const Body& body, const std::set<long>& interesting);

/// Runs `body` in a child and kills it (SIGKILL) at its `stop`-th stop, counting both the begin and the end
/// of each system call from 1. False when the child ended before.
[[nodiscard]] bool killed_at(const Body& body, int stop);

}  // namespace safelight::test_process
