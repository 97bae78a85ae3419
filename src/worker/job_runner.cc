#include "worker/job_runner.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#include "base/random.h"
#include "renderer/memory_estimate.h"
#include "worker/checked_original.h"
#include "worker/retry_decision.h"

namespace safelight {
namespace {

using SteadyClock = std::chrono::steady_clock;

Error fenced() {
    return {ErrorCode::fenced, "The job is somebody else's now, or gone.", {}, {}};
}

std::string_view log_text_of(const Error& error) {
    return error.log_text.empty() ? error.public_text : error.log_text;
}

bool is_usable(const Rendition& rendition) {
    return !rendition.bytes.empty() && rendition.width_px > 0 && rendition.height_px > 0;
}

}  // namespace

JobRunner::JobRunner(const WorkerConfig& config, const WorkerParts& parts, LeaseKeeper& leases,
                     RenderBudget& budget, std::function<void(Timestamp)> on_retry,
                     const std::atomic<bool>& give_back)
    : config_(config),
      parts_(parts),
      leases_(leases),
      budget_(budget),
      on_retry_(std::move(on_retry)),
      give_back_(give_back) {}

Status JobRunner::run(JobId id, RenderSlot slot) {
    auto claim = parts_.claims.claim(id, config_.lease, parts_.clock.now());
    if (!claim) {
        parts_.log.warn("claiming failed", {{"job_id", id.to_string()},
                                            {"error", name_of(claim.error().code)},
                                            {"detail", log_text_of(claim.error())}});
        return forward(std::move(claim));
    }
    if (!*claim) return {};
    const auto started = SteadyClock::now();
    const Ending ending = attempt(**claim, slot);
    report(**claim, ending,
           std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now() - started));
    return {};
}

JobRunner::Ending JobRunner::attempt(const Claim& claim, RenderSlot& slot) {
    // A worker that died could not say so: its try is seen here.
    if (claim.tries > config_.tries_max) return fail_all(claim, exhausted(config_.tries_max, nullptr), {});
    Error error;
    try {
        Result<Work> made = work(claim, slot);
        if (made) return commit(claim, std::move(*made));
        error = std::move(made).error();
    } catch (const std::exception& exception) {
        parts_.log.error("exception in a job",
                         {{"job_id", claim.job_id.to_string()}, {"what", exception.what()}});
        error = {ErrorCode::internal, "An internal error.", exception.what(), {}};
    }
    return settle(claim, std::move(error));
}

Result<JobRunner::Work> JobRunner::work(const Claim& claim, RenderSlot& slot) {
    const auto hold = leases_.hold(claim.job_id, claim.attempt);
    // A deletion in this process is learnt of at once, not only at the next renewal.
    const auto subscription = parts_.watch.subscribe(claim.job_id, [&hold] { hold->renew_soon(); });
    return make(claim, *hold, slot);
}

Result<JobRunner::Work> JobRunner::make(const Claim& claim, LeaseKeeper::Hold& hold, RenderSlot& slot) {
    auto rendered = render(claim, hold, slot);
    slot.release();
    if (hold.is_lost()) return std::unexpected(fenced());
    if (!rendered) return forward(std::move(rendered));
    Result<Work> stored = store(claim, std::move(*rendered));
    if (hold.is_lost()) return std::unexpected(fenced());
    return stored;
}

Result<RenderOutcome> JobRunner::render(const Claim& claim, LeaseKeeper::Hold& hold, RenderSlot& slot) {
    TRY_ASSIGN(const Overlays overlays,
               Overlays::open(parts_.catalog, parts_.blobs, claim, config_.source_bytes_max));
    RenderOutcome outcome;
    std::vector<Transform> transforms;  // of the variants whose overlays are there
    std::vector<std::size_t> places;    // of these among all
    for (const Variant& variant : claim.pending) {
        if (const Error* fault = overlays.fault_of(variant.transform)) {
            outcome.renditions.emplace_back(std::unexpected(*fault));
            continue;
        }
        places.push_back(outcome.renditions.size());
        transforms.push_back(variant.transform);
        outcome.renditions.emplace_back(failure(ErrorCode::internal, "An internal error."));
    }
    if (transforms.empty()) return outcome;
    TRY_ASSIGN(const auto source, open_checked_original(parts_.blobs, claim.image, config_.source_bytes_max,
                                                        slot.buffer(), parts_.copies));
    TRY_ASSIGN(RenderOutcome made, render_batches({.source = *source,
                                                   .transforms = transforms,
                                                   .focal_point = claim.image.focal_point,
                                                   .overlays = overlays.all(),
                                                   .wants_look = !claim.image.look},
                                                  claim.image, overlays.render_bytes(config_.image), hold));
    for (std::size_t i = 0; i < places.size(); ++i)
        outcome.renditions[places[i]] = std::move(made.renditions[i]);
    outcome.look = std::move(made.look);
    return outcome;
}

Result<RenderOutcome> JobRunner::render_batches(const RenderTask& task, const Image& image,
                                                std::uint64_t overlay_bytes, LeaseKeeper::Hold& hold) {
    const CancelCheck unwanted = [this, &hold] {
        return hold.is_lost() || give_back_.load(std::memory_order_relaxed);
    };
    // Half of the time that there is: the estimate may be too low by that much.
    const RenderRoom room{config_.single_render_bytes_max, config_.render_timeout / 2};
    const RenderBatches plan = plan_batches(image, task.transforms, config_.image, room, overlay_bytes);
    RenderOutcome outcome;
    outcome.renditions.assign(task.transforms.size(), failure(ErrorCode::internal, "An internal error."));
    for (const RenderBatch& refused : plan.too_large) {
        outcome.renditions[refused.transforms.front()] =
            too_much_memory(refused.bytes, config_.single_render_bytes_max);
    }
    for (const RenderBatch& batch : plan.batches) {
        std::vector<Transform> wanted;
        for (const std::size_t i : batch.transforms) wanted.push_back(task.transforms[i]);
        RenderTask part = task;
        part.transforms = wanted;
        if (!need_overlays(wanted)) part.overlays = {};
        part.wants_look = task.wants_look && !outcome.look;
        TRY_ASSIGN(RenderOutcome made, render_batch(part, batch.bytes, unwanted));
        for (std::size_t i = 0; i < made.renditions.size(); ++i)
            outcome.renditions[batch.transforms[i]] = std::move(made.renditions[i]);
        if (made.look) outcome.look = std::move(made.look);
    }
    return outcome;
}

Result<RenderOutcome> JobRunner::render_batch(const RenderTask& task, std::uint64_t bytes,
                                              const CancelCheck& unwanted) {
    const auto asked = SteadyClock::now();
    const auto share = budget_.take(bytes, unwanted);
    parts_.metrics.render_wait(
        std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now() - asked));
    if (!share) return failure(ErrorCode::cancelled, "The work was called off.");
    // Waiting for the others is not this picture's fault.
    const auto deadline = SteadyClock::now() + config_.render_timeout;
    const CancelCheck cancelled = [&unwanted, deadline] {
        return unwanted() || SteadyClock::now() >= deadline;
    };
    auto rendered = parts_.renderer.render(task, cancelled);
    if (!rendered && rendered.error().code == ErrorCode::cancelled && !give_back_ &&
        SteadyClock::now() >= deadline) {
        return failure(ErrorCode::timeout, "Making the variants took too long.");
    }
    if (rendered && rendered->renditions.size() != task.transforms.size()) {
        return failure(ErrorCode::renderer_failed, "The renderer failed.", "wrong number of renditions");
    }
    return rendered;
}

Result<JobRunner::Work> JobRunner::store(const Claim& claim, RenderOutcome rendered) {
    Work work;
    work.look = std::move(rendered.look);
    auto& renditions = rendered.renditions;
    std::size_t made = 0;
    for (std::size_t i = 0; i < renditions.size(); ++i) {
        Result<Rendition>& rendition = renditions[i];
        if (rendition && !is_usable(*rendition)) {
            rendition = failure(ErrorCode::renderer_failed, "The renderer failed.", "an empty rendition");
        }
        VariantOutcome& outcome = work.outcomes.emplace_back();
        outcome.name = claim.pending[i].name;
        if (rendition) {
            VariantContent& content = outcome.content.emplace();
            ++made;
            content.format = rendition->format;
            content.width_px = rendition->width_px;
            content.height_px = rendition->height_px;
            continue;
        }
        // One variant's passing trouble: all pending ones are made again, for a partial commit would end the
        // tries.
        const RetryDecision decision = decide_retry(rendition.error(), claim.tries, config_, 0);
        if (std::holds_alternative<RetryAfter>(decision)) return forward(std::move(rendition));
        outcome.error = std::get<VariantError>(decision);
    }
    if (made == 0) return work;

    const BlobParts blob_parts{parts_.ledger, parts_.blobs, parts_.log};
    TRY_ASSIGN(BlobReservation reservation, BlobReservation::take(blob_parts, parts_.keys.variants, made));
    work.reservation.emplace(std::move(reservation));
    auto key = work.reservation->keys().begin();
    for (std::size_t i = 0; i < renditions.size(); ++i) {
        if (!renditions[i]) continue;
        VariantContent& content = *work.outcomes[i].content;
        content.blob = *key++;
        TRY_ASSIGN(const BlobInfo info, put(parts_.blobs, content.blob, renditions[i]->bytes));
        content.size_bytes = info.size_bytes;
        content.sha256 = info.sha256;
    }
    return work;
}

JobRunner::Ending JobRunner::commit(const Claim& claim, Work work) {
    if (work.reservation) work.reservation->linking();
    auto completion =
        parts_.claims.complete(claim.job_id, claim.attempt, work.outcomes, work.look, parts_.clock.now());
    if (!completion && completion.error().code == ErrorCode::conflict) {
        return settle(claim,
                      {ErrorCode::timeout, "Storing the variants took too long.", "swept as overdue", {}});
    }
    if (!completion) return settle(claim, std::move(completion).error());
    if (work.reservation) work.reservation->linked();
    announce(claim, *completion, work.outcomes);
    Ending ending{.result = "completed"};
    for (const VariantOutcome& outcome : work.outcomes) {
        if (outcome.content) {
            ++ending.ready;
        } else if (!ending.error) {
            ending.error = Error{outcome.error->code, outcome.error->detail, {}, {}};
        }
    }
    return ending;
}

JobRunner::Ending JobRunner::settle(const Claim& claim, Error error) {
    if (error.code == ErrorCode::fenced) return {.result = "fenced"};
    if (error.code == ErrorCode::cancelled && give_back_) return release(claim, std::move(error), at_once);
    const RetryDecision decision = decide_retry(error, claim.tries, config_, random_fraction());
    if (const auto* retry = std::get_if<RetryAfter>(&decision))
        return release(claim, std::move(error), *retry);
    return fail_all(claim, std::get<VariantError>(decision), std::move(error));
}

JobRunner::Ending JobRunner::fail_all(const Claim& claim, const VariantError& variant_error,
                                      std::optional<Error> cause) {
    if (!cause) cause = Error{variant_error.code, variant_error.detail, {}, {}};
    std::vector<VariantOutcome> outcomes;
    for (const Variant& variant : claim.pending)
        outcomes.push_back({variant.name, std::nullopt, variant_error});
    const auto completion = parts_.claims.complete(claim.job_id, claim.attempt, outcomes, parts_.clock.now());
    if (!completion) {
        if (completion.error().code == ErrorCode::fenced) return {.result = "fenced"};
        // The lease runs out; the next claim finds the tries used up, or the cause again.
        on_retry_(claim.lease_until);
        return {.result = "unsettled", .error = completion.error()};
    }
    if (cause->code == ErrorCode::corrupt_blob) {
        parts_.log.error("stored original is damaged", {{"job_id", claim.job_id.to_string()},
                                                        {"image_id", claim.image.id.to_string()},
                                                        {"blob", claim.image.blob.to_string()},
                                                        {"what", log_text_of(*cause)}});
    }
    announce(claim, *completion, outcomes);
    return {.result = "completed", .error = std::move(cause)};
}

JobRunner::Ending JobRunner::release(const Claim& claim, Error error, const RetryAfter& retry) {
    const Timestamp now = parts_.clock.now();
    const Timestamp due_at = now + retry.delay;
    const Status released = parts_.claims.release(claim.job_id, claim.attempt, due_at, retry.counts, now);
    if (!released && released.error().code == ErrorCode::fenced) return {.result = "fenced"};
    if (!released) {
        on_retry_(claim.lease_until);
        return {.result = "unsettled", .error = released.error()};
    }
    if (retry == at_once) return {.result = "released", .error = std::move(error)};
    on_retry_(due_at);
    return {.result = "retried", .error = std::move(error)};
}

void JobRunner::announce(const Claim& claim, const Completion& completion,
                         std::span<const VariantOutcome> outcomes) {
    for (const VariantOutcome& outcome : outcomes) {
        parts_.metrics.variant(outcome.error ? name_of(outcome.error->code) : "ready");
    }
    // An original is mostly looked at once, when it is new.
    if (parts_.copies != nullptr && !completion.more_pending) parts_.copies->drop(claim.image.blob);
    if (completion.more_pending) {
        if (const Status status = parts_.queue.publish({claim.job_id, completion.lane}); !status)
            on_retry_(parts_.clock.now());
    }
    parts_.watch.notify(claim.job_id);
}

void JobRunner::report(const Claim& claim, const Ending& ending, std::chrono::microseconds duration) {
    parts_.metrics.attempt(ending.result, duration);
    const auto level = ending.error ? telemetry::Level::warn : telemetry::Level::info;
    parts_.log.log(level, "job attempt",
                   {{"job_id", claim.job_id.to_string()},
                    {"image_id", claim.image.id.to_string()},
                    {"attempt", claim.attempt},
                    {"outcome", ending.result},
                    {"ms", static_cast<double>(duration.count()) / 1000.0},
                    {"variants", claim.pending.size()},
                    {"ready", ending.ready},
                    {"error", ending.error ? name_of(ending.error->code) : ""},
                    {"detail", ending.error ? log_text_of(*ending.error) : ""}});
}

}  // namespace safelight
