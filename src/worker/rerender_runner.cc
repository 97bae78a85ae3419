#include "worker/rerender_runner.h"

#include <exception>
#include <utility>

#include "base/random.h"
#include "worker/retry_decision.h"

namespace safelight {
namespace {

RerenderId id_of(const RerenderClaim& claim) {
    return {.image_id = claim.image.id, .name = claim.name, .token = claim.token};
}

/// As the job runner sees it: a job with one pending variant.
Claim as_job(const RerenderClaim& claim) {
    Claim job;
    job.job_id = claim.job_id;
    job.tries = claim.tries;
    job.lease_until = claim.lease_until;
    job.image = claim.image;
    job.pending.emplace_back().name = claim.name;
    job.pending.back().transform = claim.transform;
    return job;
}

std::string_view log_text_of(const Error& error) {
    return error.log_text.empty() ? error.public_text : error.log_text;
}

}  // namespace

RerenderRunner::RerenderRunner(const WorkerConfig& config, const WorkerParts& parts, LeaseKeeper& leases,
                               JobRunner& maker, const std::atomic<bool>& give_back)
    : config_(config), parts_(parts), leases_(leases), maker_(maker), give_back_(give_back) {}

Result<bool> RerenderRunner::run_next(RenderSlot slot) {
    TRY_ASSIGN(const auto found, parts_.rerenders.claim(config_.lease, parts_.clock.now()));
    if (found.claim) report(*found.claim, attempt(*found.claim, slot));
    return found.may_be_more;
}

RerenderRunner::Ending RerenderRunner::attempt(const RerenderClaim& claim, RenderSlot& slot) {
    // A worker that died could not say so: its try is seen here.
    if (claim.tries > config_.tries_max) {
        const VariantError given_up = exhausted(config_.tries_max, nullptr);
        return fail(claim, given_up, {given_up.code, given_up.detail, {}, {}});
    }
    Error error;
    try {
        Result<JobRunner::Work> made = work(claim, slot);
        if (made) return commit(claim, *std::move(made));
        error = std::move(made).error();
    } catch (const std::exception& exception) {
        parts_.log.error("exception in a rerender",
                         {{"image_id", claim.image.id.to_string()}, {"what", exception.what()}});
        error = {ErrorCode::internal, "An internal error.", exception.what(), {}};
    }
    return settle(claim, std::move(error));
}

Result<JobRunner::Work> RerenderRunner::work(const RerenderClaim& claim, RenderSlot& slot) {
    const auto hold = leases_.hold(claim.job_id, [this, &claim](Milliseconds lease, Timestamp now) {
        return parts_.rerenders.renew(id_of(claim), lease, now);
    });
    // A deletion in this process is learnt of at once, not only at the next renewal.
    const auto subscription = parts_.watch.subscribe(claim.job_id, [&hold] { hold->renew_soon(); });
    return maker_.make(as_job(claim), *hold, slot);
}

RerenderRunner::Ending RerenderRunner::commit(const RerenderClaim& claim, JobRunner::Work work) {
    const VariantOutcome& outcome = work.outcomes.front();
    if (outcome.error) {
        return fail(claim, *outcome.error, {outcome.error->code, outcome.error->detail, {}, {}});
    }
    work.reservation->linking();
    const Status completed = parts_.rerenders.complete(id_of(claim), *outcome.content, parts_.clock.now());
    if (!completed && completed.error().code == ErrorCode::conflict) {
        return settle(claim,
                      {ErrorCode::timeout, "Storing the variant took too long.", "swept as overdue", {}});
    }
    if (!completed) return settle(claim, completed.error());
    work.reservation->linked();
    parts_.watch.notify(claim.job_id);
    return {.result = "remade"};
}

RerenderRunner::Ending RerenderRunner::settle(const RerenderClaim& claim, Error error) {
    if (error.code == ErrorCode::fenced) return {.result = "fenced"};
    if (error.code == ErrorCode::cancelled && give_back_) return release(claim, std::move(error), at_once);
    const RetryDecision decision = decide_retry(error, claim.tries, config_, random_fraction());
    if (const auto* retry = std::get_if<RetryAfter>(&decision))
        return release(claim, std::move(error), *retry);
    return fail(claim, std::get<VariantError>(decision), std::move(error));
}

RerenderRunner::Ending RerenderRunner::fail(const RerenderClaim& claim, const VariantError& variant_error,
                                            Error cause) {
    const Status failed = parts_.rerenders.fail(id_of(claim), variant_error);
    if (failed) return {.result = "failed", .error = std::move(cause)};
    if (failed.error().code == ErrorCode::fenced) return {.result = "fenced"};
    // The lease runs out; the next claim finds the tries used up, or the cause again.
    return {.result = "unsettled", .error = failed.error()};
}

RerenderRunner::Ending RerenderRunner::release(const RerenderClaim& claim, Error error,
                                               const RetryAfter& retry) {
    const Timestamp due_at = parts_.clock.now() + retry.delay;
    const Status released = parts_.rerenders.release(id_of(claim), due_at, retry.counts);
    if (released) return {.result = retry == at_once ? "released" : "retried", .error = std::move(error)};
    if (released.error().code == ErrorCode::fenced) return {.result = "fenced"};
    return {.result = "unsettled", .error = released.error()};
}

void RerenderRunner::report(const RerenderClaim& claim, const Ending& ending) {
    parts_.metrics.rerender(ending.result);
    const auto level = ending.error ? telemetry::Level::warn : telemetry::Level::info;
    parts_.log.log(level, "rerender",
                   {{"job_id", claim.job_id.to_string()},
                    {"image_id", claim.image.id.to_string()},
                    {"variant", claim.name},
                    {"try", claim.tries},
                    {"outcome", ending.result},
                    {"error", ending.error ? name_of(ending.error->code) : ""},
                    {"detail", ending.error ? log_text_of(*ending.error) : ""}});
}

}  // namespace safelight
