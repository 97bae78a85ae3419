#include "bench/catalog/calls.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "base/random.h"

namespace safelight::bench {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::size_t pages_of_targets = 200;

/// What `call` returns.
template <class Call>
auto timed(Times& times, const char* name, Call call) {
    const auto begin = Steady::now();
    auto outcome = call();
    const double took_us = std::chrono::duration<double, std::micro>(Steady::now() - begin).count();
    auto entry = std::ranges::find(times, name, &CallTimes::name);
    if (entry == times.end()) entry = times.insert(entry, {.name = name, .times_us = {}});
    entry->times_us.push_back(took_us);
    return value_of(std::move(outcome));
}

}  // namespace

Calls::Calls(CatalogDatabase& database, Filling filling) : database_(database), filling_(std::move(filling)) {
    collect_targets();
}

void Calls::measure(std::size_t count, Times& times) {
    measure_reads(count, times);
    measure_lives(count, times);
}

/// Half of all requests are those of the owner who has half of the jobs.
AccountId Calls::any_owner() {
    const double share = random_fraction();
    if (share < 0.5) return filling_.owners.front();
    const auto others = static_cast<double>(filling_.owners.size() - 1);
    return filling_.owners[1 + static_cast<std::size_t>((share - 0.5) * 2 * others)];
}

Uuid Calls::any_cursor() {
    const auto span = static_cast<double>((filling_.newest - filling_.oldest).count());
    return Uuid::lowest_at(filling_.oldest +
                           Milliseconds{static_cast<std::int64_t>(span * random_fraction())});
}

Calls::Target Calls::any_target() {
    return targets_[static_cast<std::size_t>(random_fraction() * static_cast<double>(targets_.size()))];
}

void Calls::collect_targets() {
    for (std::size_t i = 0; i < pages_of_targets; ++i) {
        const AccountId owner = any_owner();
        const auto page =
            value_of(database_.catalog().list_jobs({.owner = owner, .after = any_cursor(), .limit = 10}));
        for (const Job& job : page.items) targets_.push_back({owner, job.id, job.image.id});
    }
}

void Calls::measure_reads(std::size_t count, Times& times) {
    Catalog& catalog = database_.catalog();
    for (std::size_t i = 0; i < count; ++i) {
        const AccountId owner = any_owner();
        const Target target = any_target();
        timed(times, "list: first page", [&] { return catalog.list_jobs({.owner = owner}); });
        timed(times, "list: deep page",
              [&] { return catalog.list_jobs({.owner = owner, .after = any_cursor()}); });
        timed(times, "list: PROCESSED, deep page", [&] {
            return catalog.list_jobs({.owner = owner, .status = JobStatus::processed, .after = any_cursor()});
        });
        // As many as a thousand jobs have of them, too.
        timed(times, "list: 20 FAILED of one owner", [&] {
            return catalog.list_jobs(
                {.owner = filling_.owners.front(), .status = JobStatus::failed, .limit = 20});
        });
        timed(times, "list: images, deep page",
              [&] { return catalog.list_images({.owner = owner, .after = any_cursor()}); });
        timed(times, "fetch a job", [&] { return catalog.find_job(target.owner, target.job); });
        timed(times, "fetch an image", [&] { return catalog.find_image(target.owner, target.image); });
    }
}

/// Each job is deleted in the end, so that the table stays as large as it was.
void Calls::measure_lives(std::size_t count, Times& times) {
    JobClaims& claims = database_.claims();
    for (std::size_t i = 0; i < count; ++i) {
        const AccountId owner = any_owner();
        const std::array blob{ids_.next<BlobKey>()};
        value_of(database_.ledger().reserve(blob, clock_.now() + std::chrono::hours{1}));
        const Job job = timed(times, "create", [&] {
            return database_.catalog().create_job(draft(ids_, owner, blob.front(), clock_.now()));
        });
        timed(times, "find what to claim", [&] { return claims.claimable(50, clock_.now()); });
        const auto claim =
            timed(times, "claim", [&] { return claims.claim(job.id, Milliseconds{30'000}, clock_.now()); });
        if (!claim) give_up({ErrorCode::internal, "A job that is free could not be claimed.", {}, {}});
        const std::array outcomes{outcome_of(database_, ids_, true, clock_.now())};
        timed(times, "finish",
              [&] { return claims.complete(job.id, claim->attempt, outcomes, clock_.now()); });
        timed(times, "backlog", [&] { return claims.backlog(); });
        timed(times, "delete", [&] { return database_.catalog().delete_job(owner, job.id, clock_.now()); });
    }
}

}  // namespace safelight::bench
