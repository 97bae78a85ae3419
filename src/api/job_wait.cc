#include "api/job_wait.h"

namespace safelight {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr Milliseconds reread_interval{1'000};

}  // namespace

http::Task<Result<Job>> find_finished_job(const ApiParts& api, const Principal& principal,
                                          const http::Request& request, JobId id, std::uint32_t wait_s) {
    const auto deadline = SteadyClock::now() + std::chrono::seconds(wait_s);
    for (bool is_first = true;; is_first = false) {
        if (!is_first) {
            const auto still = co_await api.authenticator.authenticate(request);
            if (!still) co_return std::unexpected(still.error());
        }
        // Subscribed before the job is read: a change in between sets the event.
        http::Event changed;
        const auto subscription = api.watch.subscribe(id, [changed]() mutable { changed.set(); });
        auto job =
            co_await http::on_pool(api.pool, [&] { return api.library.find_job(principal.account, id); });
        if (!job || is_finished(job->status)) co_return std::move(job);

        const auto left = std::chrono::duration_cast<Milliseconds>(deadline - SteadyClock::now());
        const auto slice = std::min(left, reread_interval);
        if (slice <= Milliseconds::zero()) co_return std::move(job);
        const bool heard = co_await changed.wait(slice);
        if (!heard && co_await http::is_draining()) co_return std::move(job);
    }
}

}  // namespace safelight
