// Quotas: what is counted, what is refused, and that it is exact whoever comes at the same time.
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>

#include "catalog/conformance/quota_suite.h"

namespace safelight {

int QuotaConformance::successes(int count, ErrorCode expected,
                                const std::function<Status(CatalogDatabase&, int)>& call) {
    const auto other = under_test().open_another();
    std::atomic<int> done = 0;
    std::latch start(count);
    std::vector<std::jthread> threads;
    for (int i = 0; i < count; ++i) {
        threads.emplace_back([&, i] {
            start.arrive_and_wait();
            const Status status = call(i % 2 == 0 ? under_test().database() : *other, i);
            if (status) {
                ++done;
            } else {
                EXPECT_EQ(status.error().code, expected) << status.error().log_text;
            }
        });
    }
    threads.clear();
    return done;
}

void QuotaConformance::request_rerenders(const std::vector<Job>& jobs) {
    std::vector<ImageId> images;
    for (const Job& job : jobs) images.push_back(job.image.id);
    const auto requested =
        under_test().database().rerenders().request(images, "a", transform(7), false, now());
    if (requested != jobs.size()) throw std::runtime_error("not all are to be made again");
}

std::vector<RerenderClaim> QuotaConformance::claimed_rerenders(const std::vector<Job>& jobs) {
    request_rerenders(jobs);
    std::vector<RerenderClaim> claims;
    while (claims.size() < jobs.size())
        claims.push_back(under_test().database().rerenders().claim(lease, now()).value().claim.value());
    return claims;
}

Status QuotaConformance::remove_all(CatalogDatabase& database, const BulkClaim& removal) {
    for (bool finished = false; !finished;) {
        TRY_ASSIGN(const BulkStep step, database.bulk_operations().advance(
                                            removal.operation.id, removal.attempt, 5, 3, lease, now()));
        finished = step.finished;
    }
    return {};
}

std::uint64_t QuotaConformance::stored_bytes_of(const std::vector<JobId>& jobs) {
    std::uint64_t bytes = 0;
    for (const JobId id : jobs) {
        const Job job = find(id);
        bytes += job.image.size_bytes;
        for (const Variant& variant : job.image.variants)
            bytes += variant.content ? variant.content->size_bytes : 0;
    }
    return bytes;
}

namespace {

TEST_P(QuotaConformance, NothingIsUsedAtFirst) {
    EXPECT_EQ(usage(), Usage{});
    EXPECT_EQ(usage(stranger_), Usage{});
    EXPECT_EQ(quotas().find_quotas(default_account()).value(), Quotas{});
    EXPECT_EQ(quotas().find_quotas(stranger_).value(), Quotas{}) << "no account at all";
}

TEST_P(QuotaConformance, OriginalsAreCountedForTheirOwner) {
    const Job first = catalog().create_job(fresh_draft()).value();
    const Job second = catalog().create_job(fresh_draft()).value();
    const Usage both = usage();
    EXPECT_EQ(both.images, 2U);
    EXPECT_EQ(both.stored_bytes, first.image.size_bytes + second.image.size_bytes);
    EXPECT_EQ(both.pixels_today, pixels_of(first) + pixels_of(second));
    EXPECT_EQ(usage(stranger_), Usage{});
    (void)catalog().create_job(fresh_draft(stranger_)).value();
    EXPECT_EQ(usage(), both);
    EXPECT_EQ(usage(stranger_).images, 1U);
}

TEST_P(QuotaConformance, VariantsAreCountedWhileTheyHaveContent) {
    const Job job = create({"a", "b"});
    const std::uint64_t original = usage().stored_bytes;
    EXPECT_EQ(original, job.image.size_bytes) << "pending ones have none";
    process(job.id, {"a"}, {"b"});
    const Job made = find(job.id);
    const std::uint64_t content = made.image.variants.front().content->size_bytes;
    EXPECT_GT(content, 0U);
    EXPECT_EQ(usage().stored_bytes, original + content);
    EXPECT_EQ(usage().images, 1U);
}

TEST_P(QuotaConformance, WhatIsDeletedIsNotCountedAnyMoreButItsPixels) {
    const Job kept = create({"a"});
    process(kept.id, {"a"});
    const Usage before = usage();
    Job gone = fresh_draft(default_account(), {"a", "b"});
    SAFELIGHT_ASSERT_OK(catalog().create_job(gone));
    process(gone.id, {"a", "b"});
    EXPECT_GT(usage().stored_bytes, before.stored_bytes + gone.image.size_bytes);
    SAFELIGHT_ASSERT_OK(catalog().delete_job(default_account(), gone.id, now()));
    EXPECT_EQ(usage().stored_bytes, before.stored_bytes);
    EXPECT_EQ(usage().images, before.images);
    EXPECT_EQ(usage().pixels_today, before.pixels_today + pixels_of(gone));
    SAFELIGHT_ASSERT_OK(catalog().delete_image(default_account(), kept.image.id, now()));
    EXPECT_EQ(usage().stored_bytes, 0U);
    EXPECT_EQ(usage().images, 0U);
}

TEST_P(QuotaConformance, AJobThatIsNotCreatedIsNotCounted) {
    Job job = fresh_draft();
    SAFELIGHT_ASSERT_OK(ledger().abandon(std::vector{job.image.blob}));
    EXPECT_EQ(code_of(catalog().create_job(job)), ErrorCode::conflict);
    EXPECT_EQ(usage(), Usage{});
}

TEST_P(QuotaConformance, PixelsAreThoseOfTheDay) {
    const Job first = catalog().create_job(fresh_draft()).value();
    const Quotas limits{.pixels_per_day = pixels_of(first) * 2 - 1};
    EXPECT_EQ(code_of(create_within(limits)), ErrorCode::daily_quota_exceeded);
    advance(end_of_day(now()) - now() - Milliseconds{1});
    EXPECT_EQ(code_of(create_within(limits)), ErrorCode::daily_quota_exceeded) << "still the same day";
    advance(Milliseconds{1});
    EXPECT_EQ(usage().pixels_today, 0U);
    SAFELIGHT_ASSERT_OK(create_within(limits));
    EXPECT_EQ(usage().pixels_today, pixels_of(first));
    advance(Milliseconds{3 * 86'400'000});
    SAFELIGHT_ASSERT_OK(create_within(limits));
    EXPECT_EQ(usage().pixels_today, pixels_of(first));
    EXPECT_EQ(usage().images, 3U);
}

TEST_P(QuotaConformance, WhatIsRefusedLeavesNothing) {
    const Job first = catalog().create_job(fresh_draft()).value();
    const Usage before = usage();
    for (const Quotas& limits :
         {Quotas{.images = 1}, Quotas{.stored_bytes = first.image.size_bytes * 2 - 1}}) {
        const Job job = fresh_draft();
        const auto refused = catalog().create_job(job, {.quotas = limits});
        EXPECT_EQ(code_of(refused), ErrorCode::quota_exceeded);
        EXPECT_EQ(state_of(job.image.blob), BlobState::writing) << "to be given up by its writer";
        EXPECT_EQ(code_of(catalog().find_job(default_account(), job.id)), ErrorCode::not_found);
    }
    EXPECT_EQ(usage(), before);
}

TEST_P(QuotaConformance, UpToTheLimitIsLetIn) {
    const Job first = catalog().create_job(fresh_draft()).value();
    SAFELIGHT_ASSERT_OK(create_within(
        {.stored_bytes = first.image.size_bytes * 2, .images = 2, .pixels_per_day = pixels_of(first) * 2}));
    EXPECT_EQ(code_of(create_within({.images = 2})), ErrorCode::quota_exceeded);
    SAFELIGHT_ASSERT_OK(catalog().delete_job(default_account(), first.id, now()));
    SAFELIGHT_ASSERT_OK(create_within({.images = 2}));
}

TEST_P(QuotaConformance, VariantsMayGoPastTheLimitAndTheNextUploadIsRefused) {
    const Job job = create({"a"});
    const Quotas limits{.stored_bytes = job.image.size_bytes};
    process(job.id, {"a"});
    EXPECT_GT(usage().stored_bytes, *limits.stored_bytes);
    EXPECT_EQ(code_of(create_within(limits)), ErrorCode::quota_exceeded);
    SAFELIGHT_ASSERT_OK(create_within(limits, stranger_));
}

TEST_P(QuotaConformance, OneOfManyAtTheSameTimeIsLetIn) {
    constexpr int count = 24;
    const Job first = catalog().create_job(fresh_draft()).value();
    const std::uint64_t bytes = first.image.size_bytes;
    std::uint64_t images = 1;
    for (const Quotas& limits : {Quotas{.images = 2}, Quotas{.stored_bytes = bytes * 3},
                                 Quotas{.pixels_per_day = pixels_of(first) * 4}}) {
        std::vector<Job> drafts;
        for (int i = 0; i < count; ++i) drafts.push_back(fresh_draft());
        const ErrorCode expected =
            limits.pixels_per_day ? ErrorCode::daily_quota_exceeded : ErrorCode::quota_exceeded;
        EXPECT_EQ(successes(count, expected,
                            [&](CatalogDatabase& database, int i) -> Status {
                                TRY(database.catalog().create_job(drafts[static_cast<std::size_t>(i)],
                                                                  {.quotas = limits}));
                                return {};
                            }),
                  1);
        EXPECT_EQ(usage().images, ++images);
        EXPECT_EQ(usage().stored_bytes, bytes * images);
    }
}

TEST_P(QuotaConformance, UsageIsRightWhateverHappensAtTheSameTime) {
    constexpr std::size_t count = 16;
    std::vector<Job> deleted;
    std::vector<Job> remade;
    std::vector<Job> drafts;
    for (std::size_t i = 0; i < count; ++i) {
        process(create({"a"}).id, {}, {"a"});  // for the bulk deletion
        for (std::vector<Job>* jobs : {&deleted, &remade}) {
            jobs->push_back(create({"a"}));
            process(jobs->back().id, {"a"});
        }
    }
    const std::vector<RerenderClaim> rerenders = claimed_rerenders(remade);
    request_rerenders(deleted);  // they go with their images
    std::vector<Claim> claimed;
    for (std::size_t i = 0; i < count; ++i) {
        claimed.push_back(claim(create({"a", "b"}).id));
        drafts.push_back(fresh_draft(default_account(), {"a"}));
    }
    std::vector<std::vector<VariantOutcome>> outcomes;
    std::vector<VariantContent> contents;
    for (std::size_t i = 0; i < count; ++i) {
        outcomes.push_back({made("a"), made("b")});
        contents.push_back(*made("a").content);
    }
    advance(Milliseconds{1});
    BulkOperation operation{.id = ids_.next<BulkOperationId>(),
                            .owner = default_account(),
                            .kind = BulkKind::remove,
                            .filter = {.status = JobStatus::failed},
                            .created_at = now()};
    auto& bulk = under_test().database().bulk_operations();
    SAFELIGHT_ASSERT_OK(bulk.create(operation));
    const BulkClaim removal = bulk.claim(lease, now()).value().value();

    constexpr int calls = 4 * count + 1;
    EXPECT_EQ(
        successes(calls, ErrorCode::internal,
                  [&](CatalogDatabase& database, int i) -> Status {
                      if (i == calls - 1) return remove_all(database, removal);
                      const auto n = static_cast<std::size_t>(i) / 4;
                      switch (i % 4) {
                          case 0:
                              TRY(database.catalog().create_job(drafts[n]));
                              break;
                          case 1:
                              TRY(database.catalog().delete_job(default_account(), deleted[n].id, now()));
                              break;
                          case 2:
                              TRY(database.claims().complete(claimed[n].job_id, claimed[n].attempt,
                                                             outcomes[n], now()));
                              break;
                          default:
                              TRY(database.rerenders().complete(
                                  {rerenders[n].image.id, rerenders[n].name, rerenders[n].token}, contents[n],
                                  now()));
                      }
                      return {};
                  }),
        calls);
    std::vector<JobId> left;
    for (const Job& job : drafts) left.push_back(job.id);
    for (const Job& job : remade) left.push_back(job.id);
    for (const Claim& claim : claimed) left.push_back(claim.job_id);
    EXPECT_EQ(usage().images, left.size());
    EXPECT_EQ(usage().stored_bytes, stored_bytes_of(left));
}

TEST_P(QuotaConformance, AMinuteOfAClockThatIsAheadIsOver) {
    const Quotas limits{.uploads_per_minute = 1};
    const auto enter_at = [&](Milliseconds ahead) {
        return quotas().enter({.account = default_account()}, limits, now() + ahead);
    };
    SAFELIGHT_ASSERT_OK(enter_at(Milliseconds{60'000}));
    EXPECT_EQ(code_of(begin_upload(limits)), ErrorCode::rate_limited)
        << "as if two had looked at it in turns";
    EXPECT_EQ(usage().uploads_this_minute, 1U);
    SAFELIGHT_ASSERT_OK(enter_at(Milliseconds{3'600'000}));
    EXPECT_EQ(usage().uploads_this_minute, 0U);
    EXPECT_EQ(usage().minute_ends_at, std::nullopt);
    SAFELIGHT_ASSERT_OK(begin_upload(limits));
    EXPECT_EQ(usage().minute_ends_at, now() + Milliseconds{60'000});
    EXPECT_EQ(code_of(begin_upload(limits)), ErrorCode::rate_limited);
}

TEST_P(QuotaConformance, AMinuteBeginsWithItsFirstUpload) {
    const Quotas limits{.uploads_per_minute = 2};
    SAFELIGHT_ASSERT_OK(begin_upload(limits));
    const Timestamp end = now() + Milliseconds{60'000};
    EXPECT_EQ(usage().uploads_this_minute, 1U);
    EXPECT_EQ(usage().minute_ends_at, end);
    advance(Milliseconds{20'000});
    SAFELIGHT_ASSERT_OK(begin_upload(limits));
    EXPECT_EQ(usage().minute_ends_at, end) << "it does not move";
    const Status refused = begin_upload(limits);
    ASSERT_EQ(code_of(refused), ErrorCode::rate_limited);
    EXPECT_EQ(refused.error().quota, (ExceededQuota{"uploads_per_minute", 2, 2, 40U}));
    SAFELIGHT_ASSERT_OK(begin_upload(limits, stranger_));
    advance(Milliseconds{39'999});
    EXPECT_EQ(code_of(begin_upload(limits)), ErrorCode::rate_limited);
    advance(Milliseconds{1});
    EXPECT_EQ(usage().uploads_this_minute, 0U);
    EXPECT_EQ(usage().minute_ends_at, std::nullopt);
    SAFELIGHT_ASSERT_OK(begin_upload(limits));
    EXPECT_EQ(usage().uploads_this_minute, 1U);
}

TEST_P(QuotaConformance, SoManyOfABurstAreLetIn) {
    EXPECT_EQ(successes(40, ErrorCode::rate_limited,
                        [&](CatalogDatabase& database, int) {
                            return database.upload_quotas().enter({.account = default_account()},
                                                                  {.uploads_per_minute = 7}, now());
                        }),
              7);
    EXPECT_EQ(usage().uploads_this_minute, 7U);
}

TEST_P(QuotaConformance, PlacesAreTakenAndGivenBack) {
    const UploadPlaceId first = new_place();
    SAFELIGHT_ASSERT_OK(take_place(first, 2));
    SAFELIGHT_ASSERT_OK(take_place(new_place(), 2));
    const Status refused = take_place(new_place(), 2);
    ASSERT_EQ(code_of(refused), ErrorCode::too_many_uploads);
    EXPECT_EQ(refused.error().quota, (ExceededQuota{"concurrent_uploads", 2, 2, 1U}));
    SAFELIGHT_ASSERT_OK(take_place(new_place(), 2, stranger_));
    EXPECT_EQ(usage().concurrent_uploads, 2U);
    SAFELIGHT_ASSERT_OK(quotas().leave(first));
    SAFELIGHT_ASSERT_OK(quotas().leave(first));
    EXPECT_EQ(usage().concurrent_uploads, 1U);
    SAFELIGHT_ASSERT_OK(take_place(new_place(), 2));
}

TEST_P(QuotaConformance, APlaceThatNobodyHoldsRunsOut) {
    const UploadPlaceId held = new_place();
    const UploadPlaceId dead = new_place();
    SAFELIGHT_ASSERT_OK(take_place(held, 2));
    SAFELIGHT_ASSERT_OK(take_place(dead, 2));
    advance(lease - Milliseconds{1});
    SAFELIGHT_ASSERT_OK(quotas().hold(std::vector{held}, now(), now() + lease));
    EXPECT_EQ(code_of(take_place(new_place(), 2)), ErrorCode::too_many_uploads);
    advance(Milliseconds{1});
    EXPECT_EQ(usage().concurrent_uploads, 1U);
    SAFELIGHT_ASSERT_OK(take_place(new_place(), 2));
    EXPECT_EQ(code_of(take_place(new_place(), 2)), ErrorCode::too_many_uploads);
    SAFELIGHT_ASSERT_OK(quotas().hold(std::vector{dead}, now(), now() + lease));
    EXPECT_EQ(usage().concurrent_uploads, 2U) << "what has run out does not come back";
}

TEST_P(QuotaConformance, SoManyPlacesThereAre) {
    std::vector<UploadPlaceId> places;
    for (int i = 0; i < 40; ++i) places.push_back(new_place());
    EXPECT_EQ(successes(40, ErrorCode::too_many_uploads,
                        [&](CatalogDatabase& database, int i) {
                            return database.upload_quotas().enter(
                                {.account = default_account(),
                                 .counts = false,
                                 .place = places[static_cast<std::size_t>(i)],
                                 .place_expires_at = now() + lease},
                                {.concurrent_uploads = 5}, now());
                        }),
              5);
    EXPECT_EQ(usage().concurrent_uploads, 5U);
}

TEST_P(QuotaConformance, WithoutAPlaceTheUploadDoesNotCount) {
    const Quotas limits{.uploads_per_minute = 5, .concurrent_uploads = 1};
    const auto enter = [&] {
        return quotas().enter(
            {.account = default_account(), .place = new_place(), .place_expires_at = now() + lease}, limits,
            now());
    };
    SAFELIGHT_ASSERT_OK(enter());
    EXPECT_EQ(code_of(enter()), ErrorCode::too_many_uploads);
    EXPECT_EQ(usage().uploads_this_minute, 1U);
}

TEST_P(QuotaConformance, WithoutALimitNothingIsWritten) {
    SAFELIGHT_ASSERT_OK(quotas().enter(
        {.account = default_account(), .place = new_place(), .place_expires_at = now() + lease},
        {.stored_bytes = 1, .images = 1, .pixels_per_day = 1}, now()));
    EXPECT_EQ(usage(), Usage{});
}

TEST_P(QuotaConformance, AccountsHaveQuotasOfTheirOwn) {
    const Account account{.id = ids_.next<AccountId>(),
                          .name = "limited",
                          .created_at = {},
                          .quotas = {.images = 5, .concurrent_uploads = 0}};
    SAFELIGHT_ASSERT_OK(accounts().create_account(account));
    EXPECT_EQ(quotas().find_quotas(account.id).value(), account.quotas);
    EXPECT_EQ(accounts().find_account("limited").value()->quotas, account.quotas);
    const auto changed = accounts().change_quotas(account.id, [](Quotas& quotas) {
        quotas.images.reset();
        quotas.stored_bytes = quota_max;
    });
    SAFELIGHT_ASSERT_OK(changed);
    EXPECT_EQ(changed->quotas, (Quotas{.stored_bytes = quota_max, .concurrent_uploads = 0}));
    EXPECT_EQ(changed->name, "limited");
    EXPECT_EQ(quotas().find_quotas(account.id).value(), changed->quotas);
    EXPECT_EQ(code_of(accounts().change_quotas(stranger_, [](Quotas&) {})), ErrorCode::not_found);
}

}  // namespace
}  // namespace safelight
