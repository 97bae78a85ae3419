// `Prefer: wait`: holding an answer until a job is finished.
#pragma once

#include <chrono>
#include <cstdint>

#include "api/api.h"
#include "http/task.h"

namespace safelight {

/// The job as soon as it is finished, or as it stands after `wait_s` seconds or when the server drains. It is
/// read again when this process hears of a change, and each second, since another process may be at work on
/// it; whether who asks still may is asked again as often. Errors: those of Library::find_job and of the
/// authenticator, and overloaded.
[[nodiscard]] http::Task<Result<Job>> find_finished_job(const ApiParts& api, const Principal& principal,
                                                        const http::Request& request, JobId id,
                                                        std::uint32_t wait_s);

}  // namespace safelight
